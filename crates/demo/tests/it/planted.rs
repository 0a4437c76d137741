//! What was planted is there, by naive counting.

use crate::{end, small};
use std::collections::BTreeMap;
use throughline_demo::{Effect, Plant, World};
use throughline_interactions::{Draft, ScoreKind, Zone};

/// An order as its lines tell it.
#[derive(Default)]
struct Told {
    person: String,
    draft: Option<&'static Draft>,
    at: i64,
    deadline: i64,
    delivered: Option<i64>,
    carrier: &'static str,
    stars: Option<f64>,
    campaign: &'static str,
    products: Vec<&'static str>,
    transferred: bool,
    /// How the help desk helped.
    remedy: String,
    paid: bool,
    cancelled: bool,
    store: &'static str,
}

impl Told {
    fn property(&self, name: &str) -> String {
        let value = self.draft.and_then(|d| d.properties.get(name));
        value.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).unwrap_or_default()
    }
    fn late(&self) -> bool {
        self.delivered.is_some_and(|at| at > self.deadline)
    }
}

fn orders() -> Vec<Told> {
    let zone = Zone::new("Europe/Berlin").unwrap();
    let mut orders = BTreeMap::<&str, Told>::new();
    for (_, draft) in small() {
        let first = |kind: &str| draft.refs.iter().find(|r| r.kind == kind).map(|r| r.value.as_str());
        let Some(order) = first("order") else { continue };
        let told = orders.entry(order).or_default();
        let at = draft.occurred_at.unwrap().0;
        match draft.event.as_str() {
            "Order Completed" | "POS Sale" => {
                (told.draft, told.at, told.person) = (Some(draft), at, draft.message_id[..8].to_owned());
                told.deadline = draft.promise.as_ref().map_or(0, |p| p.deadline(&zone).unwrap().0);
                told.store = first("store").unwrap_or("");
                told.campaign = first("campaign").unwrap_or("");
                let products = draft.refs.iter().filter(|r| r.kind == "product");
                told.products = products.map(|r| r.value.as_str()).collect();
            }
            "Order Shipped" => told.carrier = first("carrier").unwrap(),
            "Order Delivered" => told.delivered = Some(at),
            "Payment Approved" => told.paid = true,
            "Ticket Transferred" => told.transferred = true,
            "Ticket Resolved" => told.remedy = draft.properties["remedy"].as_str().unwrap().to_owned(),
            "Order Cancelled" => told.cancelled = true,
            _ => {}
        }
        if let Some(score) = draft.score.as_ref().filter(|s| s.kind == ScoreKind::Stars) {
            told.stars = Some(score.value);
        }
    }
    orders.into_values().collect()
}

fn share(orders: &[Told], among: impl Fn(&Told) -> bool, with: impl Fn(&Told) -> bool) -> f64 {
    let of: Vec<_> = orders.iter().filter(|o| among(o)).collect();
    assert!(of.len() >= 40, "only {} orders to count", of.len());
    of.iter().filter(|o| with(o)).count() as f64 / of.len() as f64
}

fn mean_stars(orders: &[Told], among: impl Fn(&Told) -> bool) -> f64 {
    let stars: Vec<f64> = orders.iter().filter(|o| among(o)).filter_map(|o| o.stars).collect();
    assert!(stars.len() >= 25, "only {} answers to count", stars.len());
    stars.iter().sum::<f64>() / stars.len() as f64
}

#[test]
fn brightway_is_late_and_the_region_is_not() {
    let orders = orders();
    let done = |o: &Told| o.delivered.is_some() && !o.carrier.is_empty();
    let slow = |o: &Told| o.carrier == "Brightway";
    let north = |o: &Told| o.property("region") == "north";
    let late = |among: &dyn Fn(&Told) -> bool| share(&orders, |o| done(o) && among(o), Told::late);
    assert!(late(&|o| slow(o) && north(o)) > 0.5);
    assert!(late(&|o| slow(o) && !north(o)) > 0.4);
    assert!(late(&|o| !slow(o) && north(o)) < 0.12);
    assert!(late(&|o| !slow(o) && !north(o)) < 0.09);
    // Both innocents look guilty from afar.
    assert!(late(&north) > 3.0 * late(&|o| !north(o)));
    let wrapped = |o: &Told| o.property("gift_wrap") == "true";
    assert!(late(&wrapped) > 1.4 * late(&|o| !wrapped(o)));
    let (with, without) = (late(&|o| wrapped(o) && !slow(o)), late(&|o| !wrapped(o) && !slow(o)));
    assert!((with - without).abs() < 0.04, "{with} {without}");
}

#[test]
fn who_waits_is_cross_and_comes_back_less() {
    let orders = orders();
    let done = |o: &Told| o.delivered.is_some();
    assert!(mean_stars(&orders, |o| done(o) && o.late()) + 1.0 < mean_stars(&orders, |o| done(o) && !o.late()));
    let mut next = BTreeMap::<&str, i64>::new();
    for o in &orders {
        let last = next.entry(&o.person).or_default();
        *last = o.at.max(*last);
    }
    let early = end().0 - 150 * 86_400_000_000;
    let again = |late: bool| {
        share(&orders, |o| done(o) && o.at < early && o.late() == late, |o| next[o.person.as_str()] > o.at)
    };
    assert!(again(true) < 0.8 * again(false), "{} {}", again(true), again(false));
}

#[test]
fn the_refused_coupon_costs_orders_and_stars() {
    let orders = orders();
    let refused = |o: &Told| o.property("coupon_result") == "refused";
    let web = |o: &Told| o.deadline > 0;
    assert!(share(&orders, refused, |o| o.cancelled) > 0.08);
    assert!(share(&orders, |o| web(o) && !refused(o), |o| o.cancelled) < 0.06);
    let stars =
        |wanted: bool| mean_stars(&orders, |o| web(o) && o.delivered.is_some() && !o.late() && refused(o) == wanted);
    assert!(stars(true) + 0.7 < stars(false), "{} {}", stars(true), stars(false));
    // Of the visits whose coupon was refused, many end there.
    let mut visits = BTreeMap::<&str, (bool, bool, bool)>::new();
    for (_, draft) in small() {
        if let Some(visit) = draft.refs.iter().find(|r| r.kind == "visit") {
            let v = visits.entry(&visit.value).or_default();
            match draft.event.as_str() {
                "Checkout Started" => v.0 = true,
                "Coupon Denied" => v.1 = true,
                "Order Completed" => v.2 = true,
                _ => {}
            }
        }
    }
    let ordered = |denied: bool| {
        let of: Vec<_> = visits.values().filter(|v| v.0 && v.1 == denied).collect();
        of.iter().filter(|v| v.2).count() as f64 / of.len() as f64
    };
    assert!(ordered(true) < 0.75 && ordered(false) > 0.88, "{} {}", ordered(true), ordered(false));
}

#[test]
fn one_telephone_cannot_pay() {
    let orders = orders();
    let on = |o: &Told, model: &str| o.property("phone_model") == model;
    assert!(share(&orders, |o| on(o, "Nova X2"), |o| !o.paid) > 0.25);
    assert!(share(&orders, |o| on(o, "Nova X1"), |o| !o.paid) < 0.06);
    assert!(share(&orders, |o| o.property("device") == "phone" && !on(o, "Nova X2"), |o| !o.paid) < 0.05);
}

#[test]
fn altona_delights() {
    let orders = orders();
    let altona = mean_stars(&orders, |o| o.store == "Altona");
    let others = mean_stars(&orders, |o| !o.store.is_empty() && o.store != "Altona");
    assert!(altona > others + 0.3, "{altona} {others}");
}

#[test]
fn a_broken_stove_stays_broken_whatever_the_service() {
    let orders = orders();
    let flawed = |o: &Told| o.products.contains(&"ember-stove");
    assert!(mean_stars(&orders, flawed) + 1.0 < mean_stars(&orders, |o| !flawed(o)));
    let unhappy = |among: &dyn Fn(&Told) -> bool| {
        let of: Vec<f64> = orders.iter().filter(|o| among(o)).filter_map(|o| o.stars).collect();
        of.iter().filter(|s| **s <= 2.0).count() as f64 / of.len() as f64
    };
    let good = |o: &Told| o.remedy == "made good at once";
    assert!(unhappy(&|o| flawed(o) && good(o)) > 0.3);
    assert!(unhappy(&|o| !flawed(o) && good(o)) < 0.75 * unhappy(&|o| !flawed(o) && o.remedy == "answered"));
}

#[test]
fn the_advert_disappoints_and_other_adverts_do_not() {
    let orders = orders();
    let proud = mean_stars(&orders, |o| o.campaign == "forever-dry");
    let others = mean_stars(&orders, |o| !o.campaign.is_empty() && o.campaign != "forever-dry");
    assert!(proud + 0.6 < others, "{proud} {others}");
}

#[test]
fn telling_it_three_times_is_worse_than_once() {
    let orders = orders();
    let once = mean_stars(&orders, |o| !o.transferred && o.remedy == "answered");
    let thrice = mean_stars(&orders, |o| o.transferred);
    assert!(thrice + 0.4 < once, "{thrice} {once}");
}

#[test]
fn the_new_carrier_mends_the_north() {
    let orders = orders();
    let world = World::sized(7, end(), 1);
    let (change, at) = world.changes().next().unwrap();
    assert!(end().0 - at.0 < 101 * 86_400_000_000 && end().0 - at.0 > 99 * 86_400_000_000);
    let north = |o: &Told| o.delivered.is_some() && o.property(change.among.dimension) == change.among.value;
    let late = |after: bool| share(&orders, |o| north(o) && (o.at >= at.0) == after, Told::late);
    assert!(late(true) < 0.14 && late(false) > 0.35, "{} {}", late(true), late(false));
    let unchanged = World::sized(7, end(), 800).unchanged();
    assert_eq!(unchanged.changes().count(), 0);
    assert!(unchanged.interactions().ne(World::sized(7, end(), 800).interactions()));
}

#[test]
fn every_truth_weighs_what_it_does() {
    let world = World::sized(7, end(), 4_000);
    for truth in world.truths() {
        let weight = world.weigh(truth.plant);
        assert!(weight.met > 20 && weight.moved > 0 && weight.moved <= weight.met, "{}: {weight:?}", truth.key);
        for effect in truth.effects {
            let does = match effect {
                Effect::Dissatisfaction => weight.dissatisfied > 0,
                Effect::Delight => weight.dissatisfied < 0,
                Effect::DropOut => weight.lost_orders > 0,
                Effect::FewerPurchases => weight.lost_sales > 0,
                Effect::MorePurchases => weight.lost_sales < 0,
            };
            assert!(does, "{}: {effect:?}: {weight:?}", truth.key);
        }
        assert_eq!(World::sized(7, end(), 400).without(truth.plant).weigh(truth.plant).moved, 0, "{}", truth.key);
    }
}

#[test]
fn in_a_numb_world_nothing_moves_anybody() {
    let numb = World::sized(7, end(), 2_000).numb();
    assert_eq!(numb.truths().count(), 0);
    for plant in [Plant::SlowCarrier, Plant::FlawedProduct, Plant::FailingPayment] {
        let weight = numb.weigh(plant);
        assert!(weight.met > 20, "{plant:?} is met as often: {weight:?}");
        // A later parcel moves the next order, at the end of the year out of it.
        assert!(weight.dissatisfied.abs() <= 3 && weight.lost_orders.abs() <= 3, "{plant:?}: {weight:?}");
    }
}

#[test]
fn the_signs_of_the_truths_occur() {
    let world = World::sized(7, end(), 4_000);
    let occurs = |kind: &str, dimension: &str, value: &str| {
        small().iter().any(|(_, d)| match kind {
            "event" | "repeated" => d.event == value,
            "channel" => d.channel == value,
            "touchpoint" => d.touchpoint == value,
            "ref" => d.refs.iter().any(|r| r.kind == dimension && r.value == value),
            "property" => {
                d.properties.get(dimension).is_some_and(|v| v.as_str() == Some(value) || *v == (value == "true"))
            }
            "promise" => d.promise.as_ref().is_some_and(|p| p.kind == value),
            _ => kind == "stage",
        })
    };
    let truths: Vec<_> = world.truths().collect();
    assert_eq!(truths.len(), 8);
    for truth in &truths {
        assert!(
            !truth.effects.is_empty()
                && (truth.sentence.contains(truth.cause.value)
                    || matches!(truth.plant, Plant::RefusedCoupon | Plant::Recovery)),
            "{}",
            truth.sentence
        );
        let signs = std::iter::once(&truth.cause).chain(truth.proxies).chain(truth.consequences).chain(truth.innocent);
        for s in signs {
            assert!(occurs(s.kind, s.dimension, s.value), "{}: {s:?}", truth.key);
            assert_ne!(
                truth.admits(s.kind, s.dimension, s.value),
                truth.is_innocent(s.kind, s.dimension, s.value),
                "{s:?}"
            );
        }
        for s in truth.complement {
            assert!(occurs(s.kind, s.dimension, s.value) && truth.is_lacked_by(s.kind, s.dimension, s.value), "{s:?}");
        }
    }
    assert_eq!(truths.iter().filter(|t| t.is_bright()).count(), 2);
    assert_eq!(world.without(Plant::Recovery).truths().count(), 7);
}
