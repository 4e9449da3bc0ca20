//! Checks that only read the report, or only look at what is left.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::report::Report;
use super::running::Lab;
use super::{impossible, processes};
use crate::command;
use crate::test::{Bench, Outcome};

/// Time from the start of the nodes to the first full mesh, in seconds at most.
const FULL_MESH: f64 = 15.0;

/// Arrows that must have died in the check of renewal, to call it one.
const DEATHS: f64 = 20.0;

/// Time from a revocation until nobody has a link or a route, in seconds at most.
const OUT: f64 = 10.0;

/// How long what a laboratory made may outlive it.
const AFTERLIFE: Duration = Duration::from_secs(10);

/// All nodes reach each other, soon, by both families: each pair counts twice.
pub(super) fn mesh(bench: &Bench) -> Outcome {
    run(bench, "lab-mesh", 20, &["--nodes", "6", "--family", "both"], |report| {
        let (pairs, twice) = (report.number("/pairs"), 2.0 * 6.0 * 5.0);
        let explained = 2.0 * report.number("/explained");
        if pairs < twice {
            return Err(format!("{pairs} pairs, {twice} expected"));
        }
        if explained < twice {
            return Err(format!("`re6st why` told the way of {explained} of {twice} pairs"));
        }
        soon(report)
    })
}

fn soon(report: &Report) -> Result<String, String> {
    report.all_reachable()?;
    let after = report.number("/first_full_mesh_s");
    if after <= FULL_MESH {
        Ok(format!("{} pairs after {after} s", report.number("/pairs")))
    } else {
        Err(format!("the first full mesh came after {after} s, {FULL_MESH} s at most"))
    }
}

/// Destruction creates life, and costs nobody a ping.
pub(super) fn renewal(bench: &Bench) -> Outcome {
    run(bench, "lab-renewal", 50, &["--nodes", "8", "--round", "10s"], |report| {
        report.all_reachable()?;
        let (died, lost) = (report.number("/arrows/died"), report.number("/pings/lost"));
        if died < DEATHS {
            return Err(format!("{died} arrows died, {DEATHS} at least were expected"));
        }
        let sent = report.number("/pings/sent");
        if lost > 0.0 {
            return Err(format!("{lost} of {sent} pings were lost while {died} arrows died"));
        }
        let born = report.number("/arrows/born");
        Ok(format!("{born} arrows born, {died} dead, 0 of {sent} pings lost"))
    })
}

/// The mesh outlives its nodes, and its registry.
pub(super) fn kill(bench: &Bench) -> Outcome {
    run(
        bench,
        "lab-kill",
        45,
        &["--nodes", "10", "--kill", "3@20", "--kill-registry", "20"],
        |report| {
            report.all_reachable()?;
            let (pairs, gap) = (report.number("/pairs"), report.number("/pings/longest_gap_ms"));
            Ok(format!("{pairs} pairs of survivors, longest gap {gap} ms"))
        },
    )
}

/// The Internet between two nodes is cut; the mesh is not.
pub(super) fn cut(bench: &Bench) -> Outcome {
    run(bench, "lab-cut", 28, &["--nodes", "6", "--cut", "1-2@10"], |report| {
        report.all_reachable()?;
        Ok(format!("longest gap {} ms", report.number("/pings/longest_gap_ms")))
    })
}

/// Three nodes on a LAN talk by it, also when neither the Internet nor the registry is there.
pub(super) fn lan(bench: &Bench) -> Outcome {
    let options = ["--nodes", "6", "--lan", "3", "--cut-lan", "14", "--kill-registry", "14"];
    run(bench, "lab-lan", 26, &options, |report| {
        let number = |key: &str| report.number(&format!("/lan/{key}"));
        let (pairs, reached, direct) =
            (number("pairs"), number("reachable_pairs"), number("direct"));
        if pairs < 6.0 || reached < pairs || direct < pairs {
            return Err(format!(
                "of {pairs} pairs on the LAN {reached} reach each other, {direct} by it"
            ));
        }
        let (strange, repeated) = (number("refused/lan:strange"), number("refused/lan:repeated"));
        if strange < 1.0 || repeated < 1.0 {
            return Err(format!("a stranger: {strange} and {repeated} datagrams were refused"));
        }
        let (rtt, gap) = (number("rtt_ms"), number("longest_gap_ms"));
        Ok(format!(
            "{direct} of {pairs} pairs by the LAN, {rtt} ms, longest gap {gap} ms; a stranger's \
             {strange} and {repeated} datagrams refused"
        ))
    })
}

/// Nodes behind different NATs meet by what others see of them, and by beckoning.
pub(super) fn nat(bench: &Bench) -> Outcome {
    run(bench, "lab-nat", 40, &["--nodes", "8", "--nat", "3", "--round", "10s"], |report| {
        report.all_reachable()?;
        let (pairs, direct) = (report.number("/nat/pairs"), report.number("/nat/direct"));
        let found = format!("{direct} of {pairs} pairs behind NAT had a direct link");
        if pairs > 0.0 && direct >= pairs { Ok(found) } else { Err(found) }
    })
}

/// A laptop is carried from one network to another, and keeps its TCP connections.
pub(super) fn roam(bench: &Bench) -> Outcome {
    let options = ["--nodes", "6", "--nat", "2", "--tcp", "30", "--roam", "1@20", "--roam", "1@35"];
    run(bench, "lab-roam", 50, &options, |report| {
        report.all_reachable()?;
        let gap = report.number("/pings/longest_gap_ms");
        let (connections, pairs) = (report.number("/tcp/connections"), report.number("/tcp/pairs"));
        match report.number("/tcp/resets") {
            resets if resets > 0.0 || connections > pairs => {
                Err(format!("{resets} of {connections} TCP connections broke; gap {gap} ms"))
            }
            _ => Ok(format!("{connections} TCP connections go on; longest gap {gap} ms")),
        }
    })
}

/// A machine sleeps for longer than its neighbours wait, and is one of them again when it wakes.
pub(super) fn suspend(bench: &Bench) -> Outcome {
    let options = ["--nodes", "6", "--round", "10s", "--suspend", "3@12/15"];
    run(bench, "lab-suspend", 40, &options, |report| {
        report.all_reachable()?;
        match report.number("/died_unasked") {
            dead if dead > 0.0 => Err(format!("{dead} processes ended")),
            _ => Ok(format!("full again {} s after it woke", report.number("/full_again_s"))),
        }
    })
}

/// A filter lets a node's tunnels through to two others only.
pub(super) fn udp_only(bench: &Bench) -> Outcome {
    let options = ["--nodes", "10", "--round", "15s", "--udp-only", "3:1,2@15"];
    run(bench, "lab-udp-only", 55, &options, |report| {
        report.all_reachable()?;
        Ok(format!("longest gap {} ms", report.number("/pings/longest_gap_ms")))
    })
}

/// The mesh does not care which family is below it, nor do nodes behind firewalls.
pub(super) fn underlay(bench: &Bench) -> Outcome {
    for underlay in ["6", "both"] {
        let options = ["--nodes", "6", "--nat", "2", "--round", "10s", "--underlay", underlay];
        let found = run(bench, "lab-underlay", 25, &options, |report| {
            report.all_reachable()?;
            let direct = report.number("/nat/direct");
            if direct > 0.0 { Ok(String::new()) } else { Err("no link between firewalls".into()) }
        });
        if !matches!(found, Outcome::Passed { .. }) {
            return found;
        }
    }
    Outcome::passed("IPv6 alone, and both")
}

/// Links in use are cut in silence and nodes killed, one after another; all is healed, and all
/// of it was walked around.
pub(super) fn failover(bench: &Bench) -> Outcome {
    let storms = ["--cut-storm", "8@20/4", "--kill-storm", "3@52/5"];
    let options = ["--nodes", "10", "--pairs", "40", "--ping", "20ms", "--tcp", "5"];
    run(bench, "lab-failover", 75, &[&options[..], &storms].concat(), |report| {
        report.all_reachable()?;
        let (faults, resets) = (report.number("/faults"), report.number("/tcp/resets"));
        if faults < 11.0 {
            return Err(format!("only {faults} of 11 faults were carried out"));
        }
        if resets > 0.0 {
            return Err(format!("{resets} TCP connections broke"));
        }
        let gap = |name| report.number(&format!("/gaps_ms/{name}"));
        let (count, half, most) = (gap("count"), gap("p50"), gap("p99"));
        Ok(format!("{faults} faults, {count} gaps: p50 {half} ms, p99 {most} ms; 0 TCP resets"))
    })
}

/// A node is put out of the network while its process goes on and tries what it likes.
pub(super) fn revoke(bench: &Bench) -> Outcome {
    run(
        bench,
        "lab-revoke",
        38,
        &["--nodes", "8", "--round", "20s", "--revoke", "3@12"],
        |report| {
            report.all_reachable()?;
            let after = report.number("/revoked/0/out_after_s");
            if !report.says("/revoked/0/came_back", false) {
                return Err("the revoked node came back".into());
            }
            if after <= OUT {
                Ok(format!("out after {after} s"))
            } else {
                Err(format!("a revoked node was out after {after} s, {OUT} s at most"))
            }
        },
    )
}

/// What every node was told is told again, and it says the same.
pub(super) fn replay(bench: &Bench) -> Outcome {
    let directory = bench.log("lab-replay.records");
    // What an earlier run left must not be taken for this one's.
    fs::remove_dir_all(&directory).ok();
    let record = directory.to_string_lossy();
    let options = ["--nodes", "4", "--round", "5s", "--record", &record];
    run(bench, "lab-replay", 30, &options, |report| {
        report.all_reachable()?;
        let records = fs::read_dir(&directory).into_iter().flatten().flatten();
        let mut replayed = 0;
        for record in records {
            let (program, file) = (bench.re6st(), record.path());
            let words = ["replay", &file.to_string_lossy()];
            command::output(&program.to_string_lossy(), &words)?;
            replayed += 1;
        }
        let all = replayed == 4;
        if all { Ok("4 nodes".into()) } else { Err(format!("{replayed} of 4 nodes recorded")) }
    })
}

/// Starts a laboratory, waits for its report and judges it.
pub(super) fn run(
    bench: &Bench,
    name: &str,
    seconds: u64,
    options: &[&str],
    judge: impl Fn(&Report) -> Result<String, String>,
) -> Outcome {
    if let Some(why) = impossible(bench) {
        return Outcome::skipped(why);
    }
    match Lab::start(bench, name, seconds, options) {
        Ok(mut lab) => {
            let found = lab.report().and_then(|report| judge(&report));
            lab.outcome(found)
        }
        Err(failed) => failed,
    }
}

/// Ends laboratories by hand and by force, and looks for what they left.
pub(super) fn clean(bench: &Bench) -> Outcome {
    if let Some(why) = impossible(bench) {
        return Outcome::skipped(why);
    }
    for signal in ["INT", "KILL"] {
        let mut lab = match Lab::start(bench, "lab-clean", 60, &["--nodes", "4"]) {
            Ok(lab) => lab,
            Err(failed) => return failed,
        };
        let found = end_with(&mut lab, signal);
        if found.is_err() {
            return lab.outcome(found);
        }
    }
    Outcome::passed("after an interrupt and after a kill")
}

fn end_with(lab: &mut Lab, signal: &str) -> Result<String, String> {
    let before = interfaces();
    await_nodes(lab, 4)?;
    let family = processes::started_by(lab.id());
    lab.signal(signal);
    lab.end()?;
    let ended = Instant::now();
    loop {
        let left = family.iter().filter(|process| process.is_alive()).count();
        let interfaces = interfaces().difference(&before).count();
        match (left, interfaces) {
            (0, 0) => return Ok(String::new()),
            (..) if ended.elapsed() < AFTERLIFE => sleep(Duration::from_millis(100)),
            (..) => {
                return Err(format!("{left} processes, {interfaces} interfaces left by {signal}"));
            }
        }
    }
}

/// Waits until that many nodes run.
pub(super) fn await_nodes(lab: &Lab, count: usize) -> Result<(), String> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(40) {
        let family = processes::started_by(lab.id());
        if family.iter().filter(|process| process.does(&["up"])).count() >= count {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
    Err(format!("{count} nodes were not running after 40 s"))
}

/// Interfaces and named namespaces of this machine.
fn interfaces() -> BTreeSet<PathBuf> {
    let names = |folder| fs::read_dir(folder).into_iter().flatten().flatten();
    let all = names("/sys/class/net").chain(names("/run/netns"));
    all.map(|entry| entry.path()).collect()
}
