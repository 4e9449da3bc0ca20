//! Whatever happens, in whatever order, an engine keeps its head.

use proptest::prelude::*;

use super::*;

/// One thing that can happen, with numbers small enough to meet again.
#[derive(Clone, Debug)]
enum Told {
    Node(u8, u128),
    Link(u8, u32, u128),
    Frame(u32, Vec<u8>),
    Seats(usize),
    Leave,
    Pass(u64),
}

fn anything() -> impl Strategy<Value = Told> {
    let link = prop_oneof![0_u32..12, (0_u32..4).prop_map(|n| LinkId::theirs(n).0)];
    prop_oneof![
        20 => known_things(link),
        1 => Just(Told::Leave),
    ]
}

fn known_things(link: impl Strategy<Value = u32> + Clone) -> impl Strategy<Value = Told> {
    prop_oneof![
        (0_u8..6, 48_u128..60).prop_map(|(kind, n)| Told::Node(kind, n)),
        (0_u8..9, link.clone(), 48_u128..60).prop_map(|(kind, l, n)| Told::Link(kind, l, n)),
        (link, prop::collection::vec(0_u8..10, 0..10))
            .prop_map(|(l, octets)| Told::Frame(l, octets)),
        (0_usize..6).prop_map(Told::Seats),
        (0_u64..400_000).prop_map(Told::Pass),
    ]
}

fn about_a_node(kind: u8, to: NodeId) -> Input<'static> {
    match kind {
        0 => Input::Unreachable(to),
        1 => Input::Introduced(to),
        2 => Input::Delay(to, SECOND),
        3 => Input::Described(to, Traits { well_known: true, ..Traits::default() }),
        _ => Input::Reachable(to),
    }
}

fn about_a_link(kind: u8, link: LinkId, peer: NodeId) -> Input<'static> {
    match kind {
        0 => Input::NotFound(link),
        1 => Input::Request(link, peer),
        2 => Input::Down(link),
        3 => Input::Refused(link, Refusal::Full),
        4 => Input::Usage(link, 1),
        5 => Input::Usage(link, 0),
        6 => Input::Banish(link),
        7 => Input::Carried(link),
        _ => Input::Found(link, Carriers::of(UDP)),
    }
}

fn tell(arrows: &mut Arrows, told: &Told, clock: Time) {
    match told {
        Told::Node(kind, n) => arrows.handle(about_a_node(*kind, node(*n)), clock),
        Told::Link(kind, link, n) => {
            arrows.handle(about_a_link(*kind, LinkId(*link), node(*n)), clock);
        }
        Told::Frame(link, octets) => arrows.handle(Input::Frame(LinkId(*link), octets), clock),
        Told::Seats(count) => arrows.handle(Input::Settings(&seats(*count)), clock),
        Told::Leave => arrows.handle(Input::Leave, clock),
        Told::Pass(_) => arrows.handle(Input::Wake, clock),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_breaks_the_engine(
        story in prop::collection::vec(anything(), 0..200),
        seed in any::<u8>(),
    ) {
        let mut arrows = Arrows::new(seats(3), node(50), [seed; 32], Time::ZERO);
        let mut clock = Time::ZERO;
        for told in story {
            if let Told::Pass(milliseconds) = told {
                clock = clock + Duration::from_millis(milliseconds);
            }
            tell(&mut arrows, &told, clock);
            for output in said(&mut arrows) {
                if let Output::Open(link, to, _) = output && to.0.bits() % 2 == 0 {
                    arrows.handle(Input::Up(link, to), clock);
                }
                if let Output::Accept(link) = output {
                    let peer = arrows.arrows().find(|view| view.link == link);
                    arrows.handle(Input::Up(link, peer.unwrap().node), clock);
                }
            }
            let views: Vec<_> = arrows.arrows().collect();
            let all: Vec<_> = views.iter().map(|view| view.node).collect();
            let staying = views.iter().filter(|view| view.state != State::Draining);
            let mut peers: Vec<_> = staying.map(|view| view.node).collect();
            let links = peers.len();
            peers.sort_unstable();
            peers.dedup();
            prop_assert_eq!(peers.len(), links, "one link between two nodes");
            let with = |node| all.iter().filter(|other| **other == node).count();
            prop_assert!(all.iter().all(|node| with(*node) <= 2), "and one that drains");
            prop_assert!(!all.contains(&node(50)), "none with ourselves");
            let next = arrows.deadline();
            arrows.links.touch_all();
            arrows.links.note(&arrows.settings, clock);
            prop_assert_eq!(next, arrows.deadline(), "noted as it is");
            prop_assert!(next.is_some() || arrows.leaving.is_some());
            let later = next.is_none_or(|next| next.at > clock);
            prop_assert!(later, "woken for nothing: {:?} at {:?}", next, clock);
        }
    }
}
