//! A customer's interactions as grouping, promises and figures see them: codes, times and hashes, no words.
//! Read from the timeline, or made of facts that are not in it.

use throughline_interactions::{Actor, Direction, Interaction, Precision, Ref, Zone};
use throughline_journeys::scorecards::Meaning;
use throughline_timeline::Customer;

/// What holds interactions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bond {
    /// An order.
    Order,
    /// A ticket, a conversation, a case, a call.
    Service,
    /// Any other affair of one customer: a return, a parcel, a payment, a subscription.
    Affair,
    /// A visit, as the tracking names it.
    Visit,
}

impl Bond {
    /// Of a kind of personal reference.
    pub(crate) fn of(kind: &str) -> Self {
        match kind {
            "order" => Self::Order,
            "visit" => Self::Visit,
            "ticket" | "conversation" | "case" | "call" => Self::Service,
            _ => Self::Affair,
        }
    }
}

/// Who acted, as far as a story cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The customer.
    Customer,
    /// A person of the brand.
    Staff,
    /// The brand's systems.
    System,
    /// Whoever is in no figure: crawlers, machines ahead of a person, the brand's own people.
    Uncounted,
}

/// One interaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moment {
    /// When, in microseconds.
    pub(crate) at: i64,
    /// Its place in the ledger.
    pub(crate) position: u64,
    /// Codes of [`Moments::events`] and [`Moments::channels`].
    pub(crate) event: u16,
    pub(crate) channel: u16,
    pub(crate) direction: Direction,
    pub(crate) by: By,
    pub(crate) has_text: bool,
    /// Personal references: code of [`Moments::kinds`], keyed hash of the value.
    pub(crate) subjects: Vec<(u16, u64)>,
}

/// A promise as it was made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    /// The place of its moment.
    pub(crate) place: u32,
    pub(crate) kind: Box<str>,
    pub(crate) due: i64,
    pub(crate) deadline: i64,
    pub(crate) precision: Precision,
}

/// An answer on a scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scored {
    pub(crate) place: u32,
    pub(crate) kind: Box<str>,
    pub(crate) value: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Scored {
    /// The answer as a share of its scale.
    pub(crate) fn share(&self) -> f64 {
        (self.value - self.min) / (self.max - self.min)
    }
}

/// All of one customer, in the order of the story.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moments {
    pub(crate) events: Vec<Box<str>>,
    pub(crate) channels: Vec<Box<str>>,
    /// Kinds of personal references, and what they hold together.
    pub(crate) kinds: Vec<Box<str>>,
    pub(crate) bonds: Vec<Bond>,
    /// By event: what its name says.
    pub(crate) meanings: Vec<Meaning>,
    pub(crate) all: Vec<Moment>,
    pub(crate) promises: Vec<Made>,
    pub(crate) scores: Vec<Scored>,
}

fn by(actor: Actor) -> By {
    match actor {
        Actor::Human => By::Customer,
        Actor::Agent => By::Staff,
        Actor::System => By::System,
        Actor::Bot | Actor::Prefetch | Actor::Internal => By::Uncounted,
    }
}

impl Moments {
    /// Read from the timeline.
    pub(crate) fn of_customer(customer: &Customer<'_>) -> Self {
        let segment = customer.segment();
        let mut subjects: Vec<Vec<(u16, u64)>> = vec![Vec::new(); customer.len()];
        for (i, kind, hash) in customer.all_subjects() {
            subjects[i].push((kind, hash));
        }
        let (events, channels) = (customer.event_codes(), customer.channel_codes());
        let moment = |(i, subjects): (usize, Vec<(u16, u64)>)| Moment {
            at: customer.micros(i),
            position: customer.position(i),
            event: events.get(i),
            channel: channels.get(i),
            direction: customer.direction(i),
            by: by(customer.actor(i)),
            has_text: customer.has_text(i),
            subjects,
        };
        let all: Vec<Moment> = subjects.into_iter().enumerate().map(moment).collect();
        let name = |names: &[Box<str>], code: u16| names.get(code as usize).cloned().unwrap_or_default();
        let promises = customer.promising().filter_map(|i| {
            let p = customer.promise(i)?;
            // The columns hold the end of the day beside the deadline as declared.
            let precision = if p.deadline == p.day_deadline { Precision::Day } else { Precision::Instant };
            let kind = name(segment.promise_kinds(), p.kind);
            Some(Made { place: i as u32, kind, due: p.due, deadline: p.deadline, precision })
        });
        let scores = customer.scored().filter_map(|i| {
            let s = customer.score(i)?;
            let kind = name(segment.score_kinds(), s.kind);
            let (value, min, max) = (s.value.into(), s.min.into(), s.max.into());
            Some(Scored { place: i as u32, kind, value, min, max })
        });
        let (promises, scores) = (promises.collect(), scores.collect());
        Self {
            promises,
            scores,
            all,
            ..Self::named(segment.events().to_vec(), segment.channels().to_vec(), segment.subject_kinds().to_vec())
        }
    }

    fn named(events: Vec<Box<str>>, channels: Vec<Box<str>>, kinds: Vec<Box<str>>) -> Self {
        Self {
            meanings: events.iter().map(|e| Meaning::of(e)).collect(),
            bonds: kinds.iter().map(|k| Bond::of(k)).collect(),
            events,
            channels,
            kinds,
            ..Self::default()
        }
    }

    /// Of facts in the order of their story; `zone` where a fact names none, `hash` of a kind and a value.
    pub(crate) fn of_facts<'f>(
        facts: impl IntoIterator<Item = (u64, &'f Interaction)>,
        zone: &Zone,
        hash: impl Fn(&str, &str) -> u64,
    ) -> Self {
        let (mut events, mut channels, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        let mut made = Self::default();
        for (place, (position, fact)) in facts.into_iter().enumerate() {
            let place = place as u32;
            let mut subjects: Vec<(u16, u64)> = (fact.refs.iter())
                .filter(|r| Ref::is_personal(&r.kind))
                .map(|r| (code(&mut kinds, &r.kind), hash(&r.kind, &r.value)))
                .collect();
            subjects.sort_unstable();
            subjects.dedup();
            if let Some(p) = &fact.promise {
                let deadline = p.deadline(fact.zone.as_ref().unwrap_or(zone)).unwrap_or(p.due).0;
                let (kind, due, precision) = (p.kind.as_str().into(), p.due.0, p.precision);
                made.promises.push(Made { place, kind, due, deadline, precision });
            }
            if let Some(s) = &fact.score {
                let kind = s.kind.as_str().into();
                made.scores.push(Scored { place, kind, value: s.value, min: s.min, max: s.max });
            }
            made.all.push(Moment {
                at: fact.occurred_at.0,
                position,
                event: code(&mut events, &fact.event),
                channel: code(&mut channels, &fact.channel),
                direction: fact.direction,
                by: by(fact.actor),
                has_text: fact.text.as_ref().is_some_and(|t| !t.trim().is_empty()),
                subjects,
            });
        }
        Self { all: made.all, promises: made.promises, scores: made.scores, ..Self::named(events, channels, kinds) }
    }

    pub(crate) fn event(&self, place: u32) -> &str {
        &self.events[self.all[place as usize].event as usize]
    }

    pub(crate) fn channel(&self, place: u32) -> &str {
        &self.channels[self.all[place as usize].channel as usize]
    }

    pub(crate) fn meaning(&self, place: u32) -> Meaning {
        self.meanings[self.all[place as usize].event as usize]
    }

    /// What the customer did themselves.
    pub(crate) fn is_own(&self, place: u32) -> bool {
        let m = &self.all[place as usize];
        m.direction == Direction::In && m.by == By::Customer
    }

    /// The customer turned to the help desk.
    pub(crate) fn asks_for_help(&self, place: u32) -> bool {
        self.meaning(place).help && self.is_own(place)
    }

    /// The place of an interaction by its place in the ledger.
    pub(crate) fn place_of(&self, position: u64) -> Option<u32> {
        self.all.iter().position(|m| m.position == position).map(|at| at as u32)
    }

    /// The references of a moment that hold it together with others in this way.
    pub(crate) fn bound(&self, place: u32, bond: Bond) -> impl Iterator<Item = u64> + '_ {
        let subjects = self.all[place as usize].subjects.iter();
        subjects.filter(move |(kind, _)| self.bonds[*kind as usize] == bond).map(|(_, hash)| *hash)
    }
}

fn code(names: &mut Vec<Box<str>>, name: &str) -> u16 {
    let at = names.iter().position(|n| **n == *name).unwrap_or_else(|| {
        names.push(name.into());
        names.len() - 1
    });
    at as u16
}
