//! The seed's visual example, from a real run: nodes, their meshes, and how these are connected.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use words::Dice;

use super::draw::{Arrow, arrows};
use super::land::Land;
use super::options::NorderOptions;
use super::web::Web;
use crate::number::small;

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The name of its file.
    pub name: String,
    /// The picture, as SVG.
    pub svg: String,
}

/// Colours of the meshes, and their names.
const COLOURS: [(&str, &str); 6] = [
    ("red", "#d22"),
    ("green", "#292"),
    ("blue", "#25d"),
    ("orange", "#e80"),
    ("purple", "#83b"),
    ("brown", "#854"),
];
/// Most nodes of a picture that one can read.
const NODES: usize = 300;
/// Width and height of a picture.
const SIZE: usize = 600;
/// How far from the edge nodes are.
const EDGE: usize = 24;
/// Places of which the one farthest from all other nodes is taken.
const TRIES: usize = 12;

/// Draws the pictures, and writes them to a folder, which is made if it is not there.
///
/// # Errors
///
/// More meshes or nodes than one can tell apart, or a folder that cannot be written.
pub fn write_pictures(options: &NorderOptions, folder: &Path) -> anyhow::Result<Vec<Picture>> {
    let pictures = pictures(options)?;
    let cannot = || format!("{} cannot be written; give --svg another folder", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    for picture in &pictures {
        std::fs::write(folder.join(&picture.name), &picture.svg).with_context(cannot)?;
    }
    Ok(pictures)
}

/// Draws the pictures of a mesh of two to six meshes, with 300 nodes at most.
///
/// # Errors
///
/// More meshes or nodes than one can tell apart.
pub fn pictures(options: &NorderOptions) -> anyhow::Result<Vec<Picture>> {
    options.check()?;
    ensure!(
        options.order == 2 && options.meshes <= COLOURS.len() && options.nodes() <= NODES,
        "one cannot tell {} meshes of {} nodes apart; use --order 2 with --svg, --meshes {} and \
         {NODES} nodes at most",
        options.meshes,
        options.each,
        COLOURS.len()
    );
    let seed = options.luck();
    let land = Land::new(&options.rtt, options.nodes(), seed)?;
    let web = Web::new(options, seed)?;
    let arrows = arrows(options, &land, &web, seed);
    let canvas = Canvas { at: places(options.nodes(), seed), web, arrows };
    Ok(canvas.all())
}

/// Draws where the nodes are: spread, with chance.
fn places(nodes: usize, seed: [u8; 32]) -> Vec<(usize, usize)> {
    let mut dice = Dice::of(seed, "picture");
    let mut at: Vec<(usize, usize)> = Vec::new();
    for _ in 0..nodes {
        let room = SIZE - 2 * EDGE;
        let place = |dice: &mut Dice| (EDGE + dice.below(room), EDGE + dice.below(room));
        let tries: Vec<_> = (0..TRIES).map(|_| place(&mut dice)).collect();
        let apart = |one: &(usize, usize)| at.iter().map(|other| distance(*one, *other)).min();
        at.extend(tries.into_iter().max_by_key(|one| apart(one).unwrap_or(usize::MAX)));
    }
    at
}

const fn distance(one: (usize, usize), other: (usize, usize)) -> usize {
    let (across, down) = (one.0.abs_diff(other.0), one.1.abs_diff(other.1));
    across * across + down * down
}

/// What is drawn, and where.
struct Canvas {
    at: Vec<(usize, usize)>,
    web: Web,
    arrows: Vec<Arrow>,
}

/// Which arrows are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    None,
    /// Those of members at home.
    AtHome,
    All,
}

impl Canvas {
    fn all(&self) -> Vec<Picture> {
        let meshes = 0..self.web.meshes().len();
        let every: Vec<usize> = meshes.clone().collect();
        let title = |text: &str| text.to_owned();
        let mut said = vec![
            ("nodes".to_owned(), self.plain()),
            ("colours".into(), self.picture(&title("Nodes by mesh"), &every, Links::None)),
        ];
        for mesh in meshes {
            let text = format!("The {} mesh", colour(mesh).0);
            said.push((colour(mesh).0.into(), self.picture(&text, &[mesh], Links::AtHome)));
        }
        let apart = title("All meshes, not connected");
        said.push(("apart".into(), self.picture(&apart, &every, Links::AtHome)));
        let text = title("Connected by border nodes, ringed in the colour of where they serve");
        said.push(("connected".into(), self.picture(&text, &every, Links::All)));
        said.push(("near".into(), self.near()));
        let number = |(number, (name, svg)): (usize, (String, String))| Picture {
            name: format!("{}-{name}.svg", number + 1),
            svg,
        };
        said.into_iter().enumerate().map(number).collect()
    }

    /// All nodes, in one colour.
    fn plain(&self) -> String {
        let mut out = head("Nodes");
        out.push_str("<g fill='#777'>\n");
        for (x, y) in &self.at {
            let _ = writeln!(out, "<circle cx='{x}' cy='{y}' r='7'/>");
        }
        out + "</g>\n</svg>\n"
    }

    /// The nodes of these meshes in their colours, and their arrows.
    fn picture(&self, title: &str, meshes: &[usize], links: Links) -> String {
        let mut out = head(title);
        for mesh in meshes {
            self.lines(&mut out, *mesh, links);
        }
        for mesh in meshes {
            self.dots(&mut out, *mesh, links == Links::All);
        }
        out + "</svg>\n"
    }

    /// The arrows of one mesh, as one line.
    fn lines(&self, out: &mut String, mesh: usize, links: Links) {
        let drawn = |arrow: &&Arrow| match links {
            Links::None => false,
            Links::AtHome => self.web.home(arrow.owner as usize) == mesh,
            Links::All => true,
        };
        let of_mesh = self.arrows.iter().filter(|arrow| arrow.mesh as usize == mesh);
        let mut path = String::new();
        for arrow in of_mesh.filter(drawn) {
            let ((x1, y1), (x2, y2)) = (self.spot(arrow.owner), self.spot(arrow.to));
            let _ = write!(path, "M{x1} {y1}L{x2} {y2}");
        }
        if !path.is_empty() {
            let stroke = colour(mesh).1;
            let _ = writeln!(out, "<path stroke='{stroke}' stroke-opacity='.5' d='{path}'/>");
        }
    }

    /// The nodes of one mesh, with the rings of those who serve elsewhere.
    fn dots(&self, out: &mut String, mesh: usize, rings: bool) {
        let _ = writeln!(out, "<g fill='{}'>", colour(mesh).1);
        for node in mesh * self.web.each()..(mesh + 1) * self.web.each() {
            let (x, y) = self.spot(small(node));
            let foreign = self.web.memberships(node).foreign().first().copied().filter(|_| rings);
            let ring = foreign.map_or(String::new(), |mesh| {
                let stroke = colour(self.web.mesh_number(mesh) as usize).1;
                format!(" stroke='{stroke}' stroke-width='5'")
            });
            let size = if ring.is_empty() { 7 } else { 9 };
            let _ = writeln!(out, "<circle cx='{x}' cy='{y}' r='{size}'{ring}/>");
        }
        out.push_str("</g>\n");
    }

    /// How many links each node is from the nearest member of the second mesh.
    fn near(&self) -> String {
        let meshes = self.web.meshes().len();
        let (to, from) = (1, meshes - 1);
        let far = self.links_to(to);
        let of_mesh = from * self.web.each()..(from + 1) * self.web.each();
        let most = of_mesh.clone().filter_map(|node| far.get(node).copied().flatten()).max();
        let title = format!(
            "Links from each {} node to the nearest {} one: {} at most",
            colour(from).0,
            colour(to).0,
            most.unwrap_or(0)
        );
        let mut out = self.picture(&title, &[to, from], Links::All).replace("</svg>\n", "");
        out.push_str("<g fill='#fff' font-size='11' text-anchor='middle'>\n");
        for node in of_mesh {
            let (x, y) = self.spot(small(node));
            let links = far.get(node).copied().flatten();
            let links = links.map_or("-".into(), |links: usize| links.to_string());
            let _ = writeln!(out, "<text x='{x}' y='{}'>{links}</text>", y + 4);
        }
        out + "</g>\n</svg>\n"
    }

    /// Counts the links from each node to the nearest member of a mesh, border nodes included.
    fn links_to(&self, mesh: usize) -> Vec<Option<usize>> {
        let range = self.web.mesh(mesh);
        let inside = self.web.inside(range);
        let mut far: Vec<Option<usize>> = inside.iter().map(|inside| inside.then_some(0)).collect();
        let mut edge: Vec<u32> = (0..small(far.len()))
            .filter(|node| inside.get(*node as usize) == Some(&true))
            .collect();
        let mut links = 0;
        while !edge.is_empty() {
            links += 1;
            let mut next = Vec::new();
            for arrow in &self.arrows {
                for (here, there) in [(arrow.owner, arrow.to), (arrow.to, arrow.owner)] {
                    let is_new = edge.contains(&here) && far.get(there as usize) == Some(&None);
                    if let Some(cell) = far.get_mut(there as usize).filter(|_| is_new) {
                        *cell = Some(links);
                        next.push(there);
                    }
                }
            }
            edge = next;
        }
        far
    }

    fn spot(&self, node: u32) -> (usize, usize) {
        self.at.get(node as usize).copied().unwrap_or((0, 0))
    }
}

fn colour(mesh: usize) -> (&'static str, &'static str) {
    COLOURS.get(mesh).copied().unwrap_or(("grey", "#777"))
}

fn head(title: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {SIZE} {}' fill='none' \
         font-family='sans-serif'>\n<title>{title}</title>\n\
         <rect width='{SIZE}' height='{}' fill='#fff'/>\n\
         <text x='12' y='{}' font-size='15' fill='#333'>{title}</text>\n",
        SIZE + 30,
        SIZE + 30,
        SIZE + 18
    )
}
