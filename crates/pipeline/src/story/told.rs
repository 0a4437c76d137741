//! A page of the story: groups with their entries, silences and joined identities between them.
//!
//! Groups, their order and the silences follow from all of the story; only then a page of them is cut out. So a
//! group is the same on whichever page it stands.

use super::curve::{CurvePoint, curve};
use super::filter::{Sought, StoryFilter, asked};
use super::groups::{Group, GroupKind, silences};
use super::joined::{Joined, joined};
use super::moments::{By, Moments};
use super::reading::Reading;
use super::{Feeling, StoryEntry};
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use throughline_customers::CustomerProfile;
use throughline_interactions::{Timestamp, WorkspaceId};

/// Entries of a group that a page of the story shows; a page of one group shows more.
const SHOWN: usize = 20;
/// Interactions that are looked through for words, the last ones first.
const SEARCHED: usize = 50_000;
/// Facts that are read at once while looking for words.
const CHUNK: usize = 1_000;
/// Points of the curve that are given, the last ones.
const DRAWN: usize = 100;
/// The shortest silence that is one, in microseconds: two weeks.
const SILENCE: i64 = 14 * 86_400 * 1_000_000;

/// Which page of a story.
#[derive(Debug, Clone, Default)]
pub struct StoryPageQuery {
    /// The last first.
    pub newest_first: bool,
    /// What is looked at.
    pub filter: StoryFilter,
    /// Groups to pass over; entries, where one group is asked for.
    pub offset: usize,
    /// Groups to give; entries, where one group is asked for.
    pub limit: usize,
    /// The page with this interaction, by its place in the ledger, instead of one by offset.
    pub at: Option<u64>,
}

/// A page of a story.
#[derive(Debug, Clone, Serialize)]
pub struct StoryPage {
    /// Interactions of the story.
    pub interactions: usize,
    /// Of those, what the filter lets through.
    pub asked: usize,
    /// Groups and joined identities that the filter lets through; entries, where one group is asked for.
    pub total: usize,
    /// How many of them stand before this page.
    pub offset: usize,
    /// The items of the page.
    pub items: Vec<StoryItem>,
    /// Interactions by channel, the most first.
    pub channels: Vec<(String, u64)>,
    /// How it felt, along all of the story: the last points.
    pub curve: Vec<CurvePoint>,
    /// How many points there are in all.
    pub points: usize,
    /// Of a search in a story too long to look through: how many of the last interactions were.
    pub searched: Option<usize>,
}

/// What stands on the column of time.
#[derive(Debug, Clone, Serialize)]
pub struct StoryItem {
    /// So many seconds without any interaction lie before it on the page.
    pub silence_seconds: Option<i64>,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// A group, or the moment at which two identifiers became one person.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Interactions that belong together.
    Group(Box<StoryGroup>),
    /// Identifiers became one person.
    Joined(Joined),
}

/// Interactions that belong together.
#[derive(Debug, Clone, Serialize)]
pub struct StoryGroup {
    /// What holds it together.
    pub kind: GroupKind,
    /// The first interaction, by its place in the ledger: its name in addresses.
    pub key: u64,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// Interactions in it.
    pub size: usize,
    /// Of those, what the filter lets through.
    pub asked: usize,
    /// Some of them, in the order asked for.
    pub entries: Vec<StoryEntry>,
    /// What happened, each event once, in the order of the story.
    pub steps: Vec<Step>,
    /// How it felt at last, where that was said.
    pub felt: Option<Feeling>,
    /// What a visit came to.
    pub visit: Option<VisitSum>,
}

/// An event of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The event.
    pub event: String,
    /// When it happened first.
    pub at: Timestamp,
    /// How often.
    pub times: u64,
}

/// What a visit came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VisitSum {
    /// Pages and screens.
    pub pages: u64,
    /// Different products.
    pub products: u64,
    /// Searches.
    pub searches: u64,
    /// Seconds from the first to the last sign.
    pub seconds: i64,
    /// An order was placed in it: its group's key.
    pub orders: Vec<u64>,
    /// A machine, or one of the brand's own people.
    pub is_uncounted: bool,
}

/// A group or a joining, while a page is put together.
enum Standing {
    Group(usize),
    Joined(usize),
}

impl Engine {
    /// A page of the story, of a profile that was just read.
    pub fn story_page(
        &self,
        workspace: WorkspaceId,
        profile: &CustomerProfile,
        query: &StoryPageQuery,
    ) -> Result<StoryPage, EngineError> {
        self.page_of(&self.reading(workspace, profile.row.id)?, profile, query)
    }

    pub(crate) fn page_of(
        &self,
        reading: &Reading,
        profile: &CustomerProfile,
        query: &StoryPageQuery,
    ) -> Result<StoryPage, EngineError> {
        let (m, groups) = (&reading.moments, &reading.groups);
        let (asked, searched) = self.asked(reading, groups, &query.filter)?;
        let joins = match query.filter.is_all() {
            true => joined(&profile.links),
            false => Vec::new(),
        };
        let mut points = curve(m, &reading.fates, &reading.journeys);
        let all_points = points.len();
        let mut page = StoryPage {
            interactions: m.all.len(),
            asked: asked.iter().map(Vec::len).sum(),
            total: 0,
            offset: query.offset,
            items: Vec::new(),
            channels: channels(m),
            curve: points.split_off(points.len().saturating_sub(DRAWN)),
            points: all_points,
            searched,
        };
        if query.filter.group.is_some() || query.filter.only.is_some() {
            self.one_group(reading, &asked, query, &mut page)?;
            return Ok(page);
        }
        let span = |s: &Standing| match s {
            Standing::Group(g) => {
                let rows = &groups[*g];
                (m.all[rows.first() as usize].at, m.all[rows.last() as usize].at)
            }
            Standing::Joined(j) => (joins[*j].at.0, joins[*j].at.0),
        };
        let mut standing: Vec<Standing> =
            (0..groups.len()).filter(|g| !asked[*g].is_empty()).map(Standing::Group).collect();
        standing.extend((0..joins.len()).map(Standing::Joined));
        // Forwards by how they begin, backwards by how they end; what began later stands after at the same moment.
        let rank = |s: &Standing| match s {
            Standing::Group(g) => (groups[*g].first(), 0, *g),
            Standing::Joined(j) => (u32::MAX, 1, *j),
        };
        match query.newest_first {
            false => standing.sort_by_key(|s| (span(s).0, rank(s))),
            true => standing.sort_by_key(|s| std::cmp::Reverse((span(s).1, rank(s)))),
        }
        page.total = standing.len();
        if let Some(place) = query.at.and_then(|position| m.place_of(position)) {
            let holds = |s: &Standing| matches!(s, Standing::Group(g) if groups[*g].rows.binary_search(&place).is_ok());
            let at = standing.iter().position(holds).unwrap_or(0);
            page.offset = at - at % query.limit.max(1);
        }
        let spans: Vec<(i64, i64)> = standing.iter().map(span).collect();
        // Between what a filter leaves there is no silence, there is what was left out.
        let silences = match query.filter.is_all() {
            true => silences(&spans, query.newest_first, SILENCE),
            false => vec![None; spans.len()],
        };
        let part = standing.iter().zip(silences).skip(page.offset).take(query.limit);
        let part: Vec<(&Standing, Option<i64>)> = part.collect();
        let on_page: Vec<usize> = part
            .iter()
            .filter_map(|(s, _)| match s {
                Standing::Group(g) => Some(*g),
                Standing::Joined(_) => None,
            })
            .collect();
        let mut told = self.told_groups(reading, &asked, &on_page, query.newest_first, query.at)?;
        for (s, silence_seconds) in part {
            let what = match s {
                Standing::Group(g) => told.remove(g).map(|g| What::Group(Box::new(g))),
                Standing::Joined(j) => Some(What::Joined(joins[*j].clone())),
            };
            page.items.extend(what.map(|what| StoryItem { silence_seconds, what }));
        }
        Ok(page)
    }

    /// By group what the filter lets through, and how far a search for words reached where not to the end.
    fn asked(
        &self,
        reading: &Reading,
        groups: &[Group],
        filter: &StoryFilter,
    ) -> Result<(Vec<Vec<u32>>, Option<usize>), EngineError> {
        let mut asked = asked(&reading.moments, groups, &reading.fates, filter);
        if let Some(figure) = &filter.figure {
            let counted: HashSet<u32> = self.counted_from(reading, figure)?.into_iter().collect();
            asked.iter_mut().for_each(|places| places.retain(|p| counted.contains(p)));
        }
        let Some(sought) = Sought::new(&filter.words) else { return Ok((asked, None)) };
        let mut places: Vec<u32> = asked.iter().flatten().copied().collect();
        places.sort_unstable();
        let passed_over = places.len().saturating_sub(SEARCHED);
        let mut found = HashSet::new();
        for chunk in places[passed_over..].chunks(CHUNK) {
            let facts = self.facts(reading, chunk)?;
            found.extend(facts.iter().filter(|(_, fact)| sought.is_in(fact)).map(|(place, _)| *place));
        }
        asked.iter_mut().for_each(|places| places.retain(|p| found.contains(p)));
        Ok((asked, (passed_over > 0).then_some(SEARCHED)))
    }

    /// One group, a page of its entries.
    fn one_group(
        &self,
        reading: &Reading,
        asked: &[Vec<u32>],
        query: &StoryPageQuery,
        page: &mut StoryPage,
    ) -> Result<(), EngineError> {
        let Some(at) = asked.iter().position(|places| !places.is_empty()) else { return Ok(()) };
        page.total = asked[at].len();
        let mut places = asked[at].clone();
        if query.newest_first {
            places.reverse();
        }
        let part: Vec<u32> = places.into_iter().skip(query.offset).take(query.limit).collect();
        let sums = self.visits(reading, &[at])?;
        let group = self.group(reading, at, asked[at].len(), self.entries(reading, &part)?, &sums);
        page.items.push(StoryItem { silence_seconds: None, what: What::Group(Box::new(group)) });
        Ok(())
    }

    /// The groups of a page, by their numbers.
    fn told_groups(
        &self,
        reading: &Reading,
        asked: &[Vec<u32>],
        on_page: &[usize],
        newest_first: bool,
        at: Option<u64>,
    ) -> Result<HashMap<usize, StoryGroup>, EngineError> {
        let target = at.and_then(|position| reading.moments.place_of(position));
        let shown = |g: &usize| -> Vec<u32> {
            let mut places = asked[*g].clone();
            // Of a long group the part that somebody came for.
            if let Some(target) = target.and_then(|t| places.binary_search(&t).ok()).filter(|t| *t >= SHOWN) {
                places.drain(..target + 1 - SHOWN);
            }
            if newest_first {
                places.reverse();
            }
            places.truncate(SHOWN);
            places
        };
        let by_group: Vec<Vec<u32>> = on_page.iter().map(shown).collect();
        let all: Vec<u32> = by_group.iter().flatten().copied().collect();
        let mut entries: HashMap<u64, StoryEntry> =
            self.entries(reading, &all)?.into_iter().map(|e| (e.position, e)).collect();
        let sums = self.visits(reading, on_page)?;
        let told = on_page.iter().zip(by_group).map(|(g, places)| {
            let position = |p: &u32| reading.moments.all[*p as usize].position;
            let entries = places.iter().filter_map(|p| entries.remove(&position(p))).collect();
            (*g, self.group(reading, *g, asked[*g].len(), entries, &sums))
        });
        Ok(told.collect())
    }

    fn group(
        &self,
        reading: &Reading,
        at: usize,
        asked: usize,
        entries: Vec<StoryEntry>,
        visits: &HashMap<usize, VisitSum>,
    ) -> StoryGroup {
        let (m, group) = (&reading.moments, &reading.groups[at]);
        StoryGroup {
            kind: group.kind,
            key: m.all[group.first() as usize].position,
            from: Timestamp(m.all[group.first() as usize].at),
            until: Timestamp(m.all[group.last() as usize].at),
            size: group.rows.len(),
            asked,
            entries,
            steps: steps(m, group),
            felt: felt(m, group),
            visit: visits.get(&at).cloned(),
        }
    }

    /// What the visits among these groups came to.
    fn visits(&self, reading: &Reading, of: &[usize]) -> Result<HashMap<usize, VisitSum>, EngineError> {
        let (m, groups) = (&reading.moments, &reading.groups);
        let visits: Vec<usize> = of.iter().copied().filter(|g| groups[*g].kind == GroupKind::Visit).collect();
        let looks_at_product = |p: &u32| m.event(*p).to_lowercase().contains("product");
        let mut products: HashMap<usize, HashSet<u64>> = HashMap::new();
        for g in &visits {
            let places = groups[*g].rows.iter().filter(|p| looks_at_product(p));
            products.insert(*g, places.flat_map(|p| reading.attributes(*p)).collect());
        }
        let all: HashSet<u64> = products.values().flatten().copied().collect();
        let names = self.named(reading, &all.into_iter().collect::<Vec<_>>())?;
        let sum = |g: usize| {
            let group = &groups[g];
            let is_product = |h: &&u64| names.get(*h).is_some_and(|(dimension, _)| dimension == "ref:product");
            let has = |words: &[&str]| {
                let says = |p: &&u32| words.iter().any(|w| says(m.event(**p), w));
                group.rows.iter().filter(says).count() as u64
            };
            let (first, last) = (&m.all[group.first() as usize], &m.all[group.last() as usize]);
            VisitSum {
                pages: has(&["page", "screen", "viewed", "view", "visited", "opened"]),
                products: products[&g].iter().filter(is_product).count() as u64,
                searches: has(&["search", "searched", "suche", "query"]),
                seconds: (last.at - first.at) / 1_000_000,
                orders: group.led_to.iter().map(|p| m.all[*p as usize].position).collect(),
                is_uncounted: first.by == By::Uncounted,
            }
        };
        Ok(visits.into_iter().map(|g| (g, sum(g))).collect())
    }
}

/// Whether a word stands in the name of an event.
fn says(event: &str, word: &str) -> bool {
    event.split(|c: char| !c.is_alphanumeric()).any(|w| w.eq_ignore_ascii_case(word))
}

fn channels(m: &Moments) -> Vec<(String, u64)> {
    let mut counts = vec![0_u64; m.channels.len()];
    m.all.iter().for_each(|moment| counts[moment.channel as usize] += 1);
    let mut channels: Vec<(String, u64)> = (m.channels.iter().zip(counts))
        .filter(|(name, n)| *n > 0 && !name.is_empty())
        .map(|(name, n)| (name.to_string(), n))
        .collect();
    channels.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    channels
}

fn steps(m: &Moments, group: &Group) -> Vec<Step> {
    let mut times: BTreeMap<u16, (u32, u64)> = BTreeMap::new();
    for place in &group.rows {
        times.entry(m.all[*place as usize].event).or_insert((*place, 0)).1 += 1;
    }
    let mut steps: Vec<(u32, u64)> = times.into_values().collect();
    steps.sort_unstable();
    let step = |(place, times): (u32, u64)| Step {
        event: m.event(place).to_owned(),
        at: Timestamp(m.all[place as usize].at),
        times,
    };
    steps.into_iter().map(step).collect()
}

/// The last of what was said on a scale.
fn felt(m: &Moments, group: &Group) -> Option<Feeling> {
    let (first, last) = (group.first(), group.last());
    let from = m.scores.partition_point(|s| s.place < first);
    let within = m.scores[from..].iter().take_while(|s| s.place <= last);
    within.filter(|s| group.rows.binary_search(&s.place).is_ok()).last().map(|s| Feeling::of_share(s.share()))
}
