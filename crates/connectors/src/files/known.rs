//! Exports that shops have, told by the names of their columns, with a ready recipe for each.
//!
//! A ready recipe knows what no column says: that a Shopify order with three products stands on three
//! lines and has its total on the first, or that Stripe's amounts that failed are not revenue. It is
//! the `[[interactions]]` of a recipe; how the file is written, the source and the zone come from a
//! [`Mapping`](crate::files::guess::Mapping), like those of a guess.
//!
//! The shapes are those that the makers publish. A new one is a file in `known/` and an entry here.

/// An export that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownExport {
    /// Its lasting name.
    pub key: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Columns that tell it: all are there, and no other export has them all.
    pub needs: &'static [&'static str],
    /// The zone of its times, where the maker has decided it.
    pub zone: Option<&'static str>,
    /// What the recipe was checked against.
    pub checked: Checked,
    /// The interactions that are made of its rows.
    pub interactions: &'static str,
}

/// What a ready recipe was checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Values that somebody recorded at the maker's own interface, by a test.
    Recorded,
    /// The names of the columns as the maker publishes them.
    Published,
}

/// All that are known.
pub const KNOWN: &[KnownExport] = &[
    KnownExport {
        key: "shopify-orders",
        name: "Shopify orders",
        needs: &["Name", "Email", "Financial Status", "Fulfillment Status", "Lineitem name", "Created at", "Total"],
        zone: None,
        checked: Checked::Recorded,
        interactions: include_str!("known/shopify_orders.toml"),
    },
    KnownExport {
        key: "shopify-customers",
        name: "Shopify customers",
        needs: &["Customer ID", "First Name", "Last Name", "Email", "Total Spent", "Total Orders"],
        zone: None,
        checked: Checked::Recorded,
        interactions: include_str!("known/shopify_customers.toml"),
    },
    KnownExport {
        key: "woocommerce-orders",
        name: "WooCommerce orders (Advanced Order Export)",
        needs: &["Order Number", "Order Status", "Order Date", "Email (Billing)", "Order Total Amount"],
        zone: None,
        checked: Checked::Published,
        interactions: include_str!("known/woocommerce_orders.toml"),
    },
    KnownExport {
        key: "stripe-payments",
        name: "Stripe payments",
        needs: &["id", "Created date (UTC)", "Amount", "Amount Refunded", "Currency", "Status", "Customer Email"],
        zone: Some("UTC"),
        checked: Checked::Recorded,
        interactions: include_str!("known/stripe_payments.toml"),
    },
    KnownExport {
        key: "zendesk-tickets",
        name: "Zendesk tickets",
        needs: &["Id", "Requester", "Requester email", "Assignee", "Status", "Via", "Created at", "Solved at"],
        zone: None,
        checked: Checked::Published,
        interactions: include_str!("known/zendesk_tickets.toml"),
    },
    KnownExport {
        key: "freshdesk-tickets",
        name: "Freshdesk tickets",
        needs: &["Ticket ID", "Subject", "Status", "Source", "Agent", "Created time", "Resolved time", "Email"],
        zone: None,
        checked: Checked::Recorded,
        interactions: include_str!("known/freshdesk_tickets.toml"),
    },
    KnownExport {
        key: "trustpilot-reviews",
        name: "Trustpilot reviews",
        needs: &["Review Created (UTC)", "Review Stars", "Review Title", "Review Content"],
        zone: Some("UTC"),
        checked: Checked::Published,
        interactions: include_str!("known/trustpilot_reviews.toml"),
    },
    KnownExport {
        key: "google-reviews",
        name: "Google reviews",
        needs: &["starRating", "createTime", "reviewer.displayName"],
        zone: Some("UTC"),
        checked: Checked::Published,
        interactions: include_str!("known/google_reviews.toml"),
    },
    KnownExport {
        key: "klaviyo-events",
        name: "Klaviyo events",
        needs: &["Profile ID", "Email", "Metric", "Timestamp"],
        zone: None,
        checked: Checked::Published,
        interactions: include_str!("known/klaviyo_events.toml"),
    },
    KnownExport {
        key: "ga4-events",
        name: "Google Analytics 4 events (BigQuery export)",
        needs: &["event_timestamp", "event_name", "user_pseudo_id", "platform"],
        zone: Some("UTC"),
        checked: Checked::Published,
        interactions: include_str!("known/ga4_events.toml"),
    },
];

impl KnownExport {
    /// The export of a lasting name.
    pub fn new(key: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|k| k.key == key)
    }

    /// The export that has these columns; the one that is told by most where several are.
    pub fn find(columns: &[String]) -> Option<&'static Self> {
        let has = |name: &str| columns.iter().any(|c| c.trim() == name);
        KNOWN.iter().filter(|k| k.needs.iter().all(|n| has(n))).max_by_key(|k| k.needs.len())
    }

    /// The interactions whose columns are there: exports leave out what a shop does not use, and a
    /// recipe that names a missing column would be refused. `# only with A, B` at the end of a line
    /// says what the line needs; at the end of `[[interactions]]`, what the whole part needs.
    pub fn interactions_for(&self, columns: &[String]) -> String {
        let has = |name: &str| columns.iter().any(|c| c.trim() == name);
        let mut text = String::new();
        let mut is_in = true;
        for line in self.interactions.lines() {
            let (plain, needs) = line.split_once(" # only with ").unwrap_or((line, ""));
            let fits = needs.is_empty() || needs.split(", ").all(has);
            if plain == "[[interactions]]" {
                is_in = fits;
            }
            if is_in && fits {
                text.push_str(plain);
                text.push('\n');
            }
        }
        text
    }
}
