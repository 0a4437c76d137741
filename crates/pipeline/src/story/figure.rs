//! Figures of a profile by their names, to open what they were counted from.

/// A figure of the profile, to open what it was counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerFigure {
    /// What began orders.
    Orders,
    /// What came back, or its money, once an order.
    Returns,
    /// What turned to the help desk, once a contact.
    Contacts,
    /// Promises that were kept.
    Kept,
    /// Promises that were not.
    Broken,
    /// Answers that are read as satisfaction.
    Answers,
    /// What they did themselves on a channel.
    Channel(String),
    /// What they did that is about something, by the keyed hash of the attribute.
    Like(u64),
    /// What they did in the three hours of a day that begin here, in a zone.
    Hours(u8, String),
}

impl CustomerFigure {
    /// The name in addresses.
    pub fn key(&self) -> String {
        match self {
            Self::Orders => "orders".to_owned(),
            Self::Returns => "returns".to_owned(),
            Self::Contacts => "contacts".to_owned(),
            Self::Kept => "promises-kept".to_owned(),
            Self::Broken => "promises-broken".to_owned(),
            Self::Answers => "answers".to_owned(),
            Self::Channel(name) => format!("channel.{name}"),
            Self::Like(hash) => format!("like.{hash:016x}"),
            Self::Hours(from, zone) => format!("hours.{from}.{zone}"),
        }
    }

    /// By its name in addresses.
    pub fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "orders" => Self::Orders,
            "returns" => Self::Returns,
            "contacts" => Self::Contacts,
            "promises-kept" => Self::Kept,
            "promises-broken" => Self::Broken,
            "answers" => Self::Answers,
            other => match other.split_once('.')? {
                ("channel", name) => Self::Channel(name.to_owned()),
                ("like", hash) => Self::Like(u64::from_str_radix(hash, 16).ok()?),
                ("hours", rest) => {
                    let (from, zone) = rest.split_once('.')?;
                    Self::Hours(from.parse().ok().filter(|h| *h < 24)?, zone.to_owned())
                }
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read_as_it_was_written() {
        let check = |figure: CustomerFigure| assert_eq!(CustomerFigure::of_key(&figure.key()), Some(figure));
        check(CustomerFigure::Orders);
        check(CustomerFigure::Returns);
        check(CustomerFigure::Contacts);
        check(CustomerFigure::Kept);
        check(CustomerFigure::Broken);
        check(CustomerFigure::Answers);
        check(CustomerFigure::Channel("shop.floor".into()));
        check(CustomerFigure::Like(u64::MAX));
        check(CustomerFigure::Hours(21, "Etc/GMT.x".into()));
        for unknown in ["", "order", "like.", "like.xyz", "hours.24.UTC", "hours.3"] {
            assert_eq!(CustomerFigure::of_key(unknown), None, "{unknown}");
        }
    }
}
