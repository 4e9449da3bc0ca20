//! Where the nodes are: round trips between them, and which country each is in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use earth::{CITIES, City};
use words::Dice;

use crate::matrix::Matrix;

/// Where round trips come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rtt {
    /// The model: cities, great circles, detours, access lines.
    Cities,
    /// A file in the format of [`Matrix`], and beside it, if it is there, one of the same name
    /// that ends in `.groups.csv`.
    File(PathBuf),
}

/// The places of all nodes.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) matrix: Matrix,
    /// Names of the countries, or of what stands for them.
    pub(crate) groups: Vec<String>,
    /// Which of them each node is in; empty if that is not known.
    pub(crate) of: Vec<usize>,
}

/// How many nodes live in the cities if nobody says how many.
const NODES: usize = 100;
/// What an access line adds to each packet, one way: at least …
const LEAST_ACCESS: Duration = Duration::from_micros(500);
/// … and this more at most.
const MORE_ACCESS: Duration = Duration::from_micros(5_500);

impl Places {
    /// Returns the places of so many `nodes`, all that a file has by default.
    pub(crate) fn new(rtt: &Rtt, nodes: Option<usize>, seed: [u8; 32]) -> anyhow::Result<Self> {
        match rtt {
            Rtt::Cities => Ok(Self::in_cities(nodes.unwrap_or(NODES), seed)),
            Rtt::File(path) => Self::in_file(path, nodes, seed),
        }
    }

    fn in_cities(nodes: usize, seed: [u8; 32]) -> Self {
        let (mut dice, mut detours) = (Dice::of(seed, "places"), Dice::of(seed, "detours"));
        let (mut atlas, mut places) = (Vec::new(), Vec::new());
        for _ in 0..nodes {
            if atlas.is_empty() {
                atlas.extend(&CITIES);
            }
            let access = LEAST_ACCESS + dice.within(MORE_ACCESS);
            places.extend(dice.draw(&mut atlas, 1).pop().map(|city: &City| (city, access)));
        }
        let mut matrix = Matrix::new(nodes);
        for (a, (here, line)) in places.iter().enumerate() {
            for (b, (there, other)) in places.iter().enumerate().take(a) {
                let one_way = earth::fibre(here, there, &mut detours) + *line + *other;
                matrix.set(a, b, 2 * one_way);
            }
        }
        let countries = places.iter().map(|(city, _)| city.country.to_owned()).collect();
        let (groups, of) = named(countries);
        Self { matrix, groups, of }
    }

    fn in_file(path: &Path, nodes: Option<usize>, seed: [u8; 32]) -> anyhow::Result<Self> {
        let whole = Matrix::read(path)?;
        let nodes = nodes.unwrap_or(whole.places());
        ensure!(
            nodes <= whole.places(),
            "{} has {} places; ask for --nodes {1} at most, or --rtt cities",
            path.display(),
            whole.places(),
        );
        let all = groups_beside(path, whole.places())?;
        let mut chosen = Dice::of(seed, "places").draw(&mut (0..whole.places()).collect(), nodes);
        chosen.sort_unstable();
        let of = chosen.iter().filter_map(|place| all.get(*place).cloned()).collect();
        let (groups, of) = named(of);
        Ok(Self { matrix: whole.of(&chosen), groups, of })
    }

    /// Returns the number of a country.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| group == name)
    }
}

/// Returns the names that there are, and which of them each has.
fn named(of: Vec<String>) -> (Vec<String>, Vec<usize>) {
    let mut groups = of.clone();
    groups.sort();
    groups.dedup();
    let number = |name: String| groups.binary_search(&name).unwrap_or(0);
    let of = of.into_iter().map(number).collect();
    (groups, of)
}

/// Reads the groups of the places in the file beside `path`; none if there is none.
fn groups_beside(path: &Path, places: usize) -> anyhow::Result<Vec<String>> {
    let beside = path.with_extension("groups.csv");
    let text = match std::fs::read_to_string(&beside) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| beside.display().to_string()),
    };
    groups(&text, places).with_context(|| beside.display().to_string())
}

/// Reads lines `id,group` after a first line of titles: one for each of the places, in order.
fn groups(text: &str, places: usize) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for (index, line) in text.lines().skip(1).enumerate() {
        let fields =
            line.split_once(',').map(|(id, group)| (id.trim().parse::<usize>(), group.trim()));
        match fields {
            Some((Ok(id), group)) if id == index && !group.is_empty() => all.push(group.to_owned()),
            _ => bail!("line {}: `{line}` should be `{index},GROUP`", index + 2),
        }
    }
    ensure!(
        all.len() == places,
        "{} places have a group, of {places}; write a line each",
        all.len()
    );
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = [5; 32];

    #[test]
    fn the_same_seed_gives_the_same_places_and_more_do_not_move_the_first() {
        let few = Places::new(&Rtt::Cities, Some(20), SEED).unwrap();
        let many = Places::new(&Rtt::Cities, Some(150), SEED).unwrap();
        for a in 0..20 {
            for b in 0..20 {
                assert_eq!(few.matrix.round_trip(a, b), many.matrix.round_trip(a, b));
            }
            assert_eq!(few.groups[few.of[a]], many.groups[many.of[a]]);
        }
        assert!(many.group("FR").is_some() && many.group("XX").is_none());
    }

    #[test]
    fn a_file_without_groups_has_none_and_one_with_them_has_one_each() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.rtt16");
        let places = Places::new(&Rtt::Cities, Some(5), SEED).unwrap();
        std::fs::write(&path, places.matrix.encode()).unwrap();
        let rtt = Rtt::File(path.clone());
        let bare = Places::new(&rtt, None, SEED).unwrap();
        assert_eq!((bare.matrix, bare.of), (places.matrix, vec![]));
        std::fs::write(path.with_extension("groups.csv"), "id,g\n0,B\n1,A\n2,A\n3,B\n4,A\n")
            .unwrap();
        let grouped = Places::new(&rtt, None, SEED).unwrap();
        assert_eq!(
            (grouped.groups, grouped.of),
            (vec!["A".into(), "B".into()], vec![1, 0, 0, 1, 0])
        );
        let fewer = Places::new(&rtt, Some(3), SEED).unwrap();
        assert_eq!((fewer.matrix.places(), fewer.of.len()), (3, 3));
    }

    #[test]
    fn bad_files_are_named_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.rtt16");
        let said = |nodes| {
            let error = Places::new(&Rtt::File(path.clone()), nodes, SEED).unwrap_err();
            format!("{error:#}")
        };
        assert!(said(None).contains("small.rtt16 cannot be read; give a file"), "{}", said(None));
        std::fs::write(&path, "RTT0").unwrap();
        assert!(said(None).contains("does not begin with RTT1"), "{}", said(None));
        let places = Places::new(&Rtt::Cities, Some(5), SEED).unwrap();
        std::fs::write(&path, places.matrix.encode()).unwrap();
        assert!(said(Some(6)).contains("ask for --nodes 5 at most"), "{}", said(Some(6)));
        for (text, what) in [
            ("id,g\n0,A\n2,A\n", "line 3: `2,A` should be `1,GROUP`"),
            ("id,g\n0,\n", "line 2"),
            ("id,g\n0,A\n", "1 places have a group, of 5"),
        ] {
            std::fs::write(path.with_extension("groups.csv"), text).unwrap();
            assert!(said(None).contains(what), "{}", said(None));
        }
    }
}
