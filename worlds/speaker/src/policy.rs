//! What is let in and out, as the engine asks it.

use babel::{Interface, Key, Metric, Place, Policy, RouterId};

use crate::config::{Filter, Way};
use crate::rule::{Rule, Subject, Verdict, added, first};

/// The filters, by where they stand, and the names of interfaces, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    names: Vec<String>,
    import: Vec<Rule>,
    export: Vec<Rule>,
    install: Vec<Rule>,
}

impl Filters {
    /// Sorts the filters; `names` are those of the interfaces, by number.
    pub(crate) fn new(filters: &[Filter], names: Vec<String>) -> Self {
        let of = |way| {
            let these = filters.iter().filter(|filter| filter.way == way);
            these.map(|filter| filter.rule.clone()).collect()
        };
        Self { names, import: of(Way::In), export: of(Way::Out), install: of(Way::Install) }
    }

    /// Returns the kernel's metric of a route, `usual` if no rule says otherwise; `None` if the
    /// kernel shall not have it.
    pub(crate) fn installed(
        &self,
        interface: Option<Interface>,
        key: Key,
        usual: u32,
    ) -> Option<u32> {
        match first(&self.install, self.subject(interface, key)) {
            None | Some(Verdict::Allow(None)) => Some(usual),
            Some(Verdict::Allow(Some(metric))) => Some(metric),
            Some(Verdict::Deny) => None,
        }
    }

    fn subject(&self, interface: Option<Interface>, key: Key) -> Subject<'_> {
        let named = |Interface(number)| self.names.get(usize::try_from(number).ok()?);
        let interface = interface.and_then(named).map(String::as_str);
        Subject { key, interface, protocol: None }
    }
}

impl Policy for Filters {
    fn import(&self, at: Place, key: Key, _: RouterId) -> Option<Metric> {
        added(first(&self.import, self.subject(Some(at.interface), key)))
    }

    fn export(&self, at: Place, key: Key, _: RouterId) -> Option<Metric> {
        added(first(&self.export, self.subject(Some(at.interface), key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    const NOBODY: RouterId = RouterId([1; 8]);

    fn at(interface: u32) -> Place {
        Place { interface: Interface(interface), scope: words::routing::Scope::EVERYWHERE }
    }

    fn filters(text: &str) -> Filters {
        let config = Config::parse(&format!("{text}\n[interface.eth0]\n")).unwrap();
        Filters::new(&config.filters, vec!["eth0".into(), "wg0".into()])
    }

    #[test]
    fn without_filters_everything_passes() {
        let open = filters("");
        let key = "10.0.0.0/8".parse().unwrap();
        assert_eq!(open.import(at(0), key, NOBODY), Some(Metric::ZERO));
        assert_eq!(open.export(at(7), key, NOBODY), Some(Metric::ZERO));
        assert_eq!(open.installed(None, key, 4242), Some(4242));
    }

    #[test]
    fn each_way_has_its_own_rules_and_interfaces_their_names() {
        let filters = filters(
            "filter = [
                { way = \"in\", interface = \"wg0\", metric = 100 },
                { way = \"out\", prefix = \"10.0.0.0/8\", action = \"deny\" },
                { way = \"install\", interface = \"eth0\", metric = 7 },
                { way = \"install\", action = \"deny\" },
            ]",
        );
        let key = "10.1.0.0/16".parse().unwrap();
        assert_eq!(filters.import(at(0), key, NOBODY), Some(Metric::ZERO));
        assert_eq!(filters.import(at(1), key, NOBODY), Some(Metric(100)));
        assert_eq!(filters.export(at(1), key, NOBODY), None);
        assert_eq!(filters.installed(Some(Interface(0)), key, 4242), Some(7));
        assert_eq!(filters.installed(Some(Interface(1)), key, 4242), None);
    }
}
