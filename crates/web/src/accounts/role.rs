//! The one table of who may do what.

use super::key::KeyRole;

/// What a person is in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees figures, never a person behind them.
    Viewer,
    /// Sees the customers, to help them.
    Agent,
    /// Sees figures, customers and where the data comes from.
    Analyst,
    /// Everything, other people's accounts included.
    Admin,
}

impl Role {
    /// All of them, the mightiest first.
    pub const ALL: [Role; 4] = [Role::Admin, Role::Analyst, Role::Agent, Role::Viewer];

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == name)
    }

    /// The name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Agent => "agent",
            Role::Analyst => "analyst",
            Role::Admin => "admin",
        }
    }
}

/// What a route is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// No door at all: health, the login page, style sheets.
    Open,
    /// Handing in interactions.
    Receive,
    /// Handing in interactions by an SDK, whose key may stand in the body: its door looks for it.
    Send,
    /// Maps, findings, scores: numbers without names.
    Figures,
    /// Customers and their stories.
    Customers,
    /// Sources, progress, lag.
    Data,
    /// Making and revoking keys.
    Keys,
    /// Decisions about customers: taking two people apart, erasing one.
    Decide,
    /// Handing out everything that is known of one customer.
    Export,
    /// Bringing files, and taking back what they brought.
    Import,
    /// Starting initiatives, and ending them.
    Act,
    /// What a workspace is called and what its money is worth.
    Workspace,
    /// Making workspaces.
    Found,
    /// Accounts and invitations.
    People,
    /// The record of what was done.
    Audit,
    /// Counters of the process.
    Metrics,
    /// One's own account.
    Own,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A person who has logged in.
    Person(Role),
    /// A program with a key.
    Key(KeyRole),
    /// Anybody at this machine, in demo mode.
    Demo,
    /// Nobody known.
    Stranger,
}

/// Whether `holder` may enter `area`. Everything that is allowed stands here, and only here.
pub fn allows(holder: Holder, area: Area) -> bool {
    use Area::{
        Act, Audit, Customers, Data, Decide, Export, Figures, Found, Import, Keys, Metrics, Open, Own, People, Receive,
        Workspace,
    };
    let allowed: &[Area] = match holder {
        Holder::Person(Role::Admin) => &[
            Figures, Customers, Data, Import, Keys, Decide, Export, Workspace, Found, People, Audit, Metrics, Own, Act,
        ],
        Holder::Person(Role::Analyst) => &[Figures, Customers, Data, Import, Own, Act],
        Holder::Person(Role::Agent) => &[Figures, Customers, Own],
        Holder::Person(Role::Viewer) => &[Figures, Own],
        Holder::Key(KeyRole::Admin) => &[Receive, Figures, Customers, Data, Metrics, Export],
        Holder::Key(KeyRole::Reader) => &[Figures, Customers, Data],
        Holder::Key(KeyRole::Writer) => &[Receive],
        Holder::Demo => &[Figures, Customers, Data, Import, Keys, Export, Workspace, Found, Metrics, Act],
        Holder::Stranger => &[],
    };
    area == Open || allowed.contains(&area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_roles() {
        use Area::*;
        let areas = [
            Receive, Figures, Customers, Data, Import, Keys, Decide, Workspace, Found, People, Audit, Metrics, Act,
            Export,
        ];
        let check = |holder, expected: &str| {
            let row: String = areas.iter().map(|a| if allows(holder, *a) { 'x' } else { '.' }).collect();
            assert_eq!(row, expected, "{holder:?}");
        };
        //                    receive figures customers data import keys decide workspace found people audit metrics act export
        check(Holder::Person(Role::Admin), ".xxxxxxxxxxxxx");
        check(Holder::Person(Role::Analyst), ".xxxx.......x.");
        check(Holder::Person(Role::Agent), ".xx...........");
        check(Holder::Person(Role::Viewer), ".x............");
        check(Holder::Key(KeyRole::Writer), "x.............");
        check(Holder::Key(KeyRole::Reader), ".xxx..........");
        check(Holder::Key(KeyRole::Admin), "xxxx.......x.x");
        check(Holder::Demo, ".xxxxx.xx..xxx");
        check(Holder::Stranger, "..............");
        assert!(allows(Holder::Stranger, Open));
    }
}
