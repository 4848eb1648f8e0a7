//! The workers of a run as their coordinator knows them: who has joined, who is ready, whose result is
//! there, and who was lost. Time is an argument.

use std::time::{Duration, Instant};

use super::{
    message::{WorkerEvent, WorkerInfo, WorkerMessage},
    packed_result::PieceSet,
    worker::PartResult,
};
use loadgen_engine::driver::{Progress, ProgressCounts};
use loadgen_experiment::events::printable;

/// A worker that was not heard of for so long is lost: twenty of its heartbeats.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(10);
/// Most characters of a text of a worker that is shown.
const SHOWN: usize = 300;

/// All workers of a run, by their number.
#[derive(Debug)]
pub(super) struct WorkerTable {
    members: Vec<Option<KnownWorker>>,
    /// The first worker that was refused before it could join, as a sentence.
    refused: Option<String>,
    /// When the load begins, once that is known.
    begins: Option<Instant>,
}

/// One worker.
#[derive(Debug)]
struct KnownWorker {
    id: String,
    info: WorkerInfo,
    seen: Instant,
    ready: bool,
    counts: ProgressCounts,
    pieces: PieceSet,
    result: Option<PartResult>,
    /// Why its part is missing, as a sentence.
    lost: Option<String>,
}

impl KnownWorker {
    fn label(&self, number: usize) -> String {
        format!(
            "worker {number} on {} (process {})",
            self.info.host, self.info.pid
        )
    }
}

impl WorkerTable {
    /// A run of so many workers, none of which has joined.
    pub(super) fn new(workers: u32) -> Self {
        Self {
            members: (0..workers).map(|_| None).collect(),
            refused: None,
            begins: None,
        }
    }

    /// The load begins at this instant.
    pub(super) fn begin(&mut self, at: Instant) {
        self.begins = Some(at);
    }

    /// Takes a message that came at `now`; counters go to `progress`. `plan` is the digest of the plan.
    /// The reason where the message does not fit what is known.
    pub(super) fn receive(
        &mut self,
        message: WorkerMessage,
        body: Vec<u8>,
        now: Instant,
        plan: &str,
        progress: Option<&Progress>,
    ) -> Result<(), String> {
        if let WorkerEvent::Refused { host, pid, why } = message.event {
            self.refused.get_or_insert_with(|| {
                let (host, why) = (shown(&host), shown(&why));
                format!("a worker on {host} (process {pid}) was refused: {why}")
            });
            return Ok(());
        }
        let number = message.worker as usize;
        let when = self.when(now);
        let slot = self.members.get_mut(number);
        let slot = slot.ok_or_else(|| format!("there is no worker {number}"))?;
        if let WorkerEvent::Joined(mut info) = message.event {
            info.host = shown(&info.host);
            if slot.as_ref().is_some_and(|member| member.id != message.id) {
                return Err(format!("worker {number} has joined already"));
            }
            let mut member = KnownWorker {
                id: message.id,
                info,
                seen: now,
                ready: false,
                counts: ProgressCounts::default(),
                pieces: PieceSet::default(),
                result: None,
                lost: None,
            };
            if member.info.plan != plan {
                member.lost = Some(format!(
                    "{} has read another plan (another seed, suite or target)",
                    member.label(number)
                ));
            }
            slot.get_or_insert(member);
            return Ok(());
        }
        let Some(member) = slot.as_mut().filter(|member| member.id == message.id) else {
            return Err(format!("a worker {number} that has not joined"));
        };
        member.seen = now;
        match message.event {
            WorkerEvent::Joined(_) | WorkerEvent::Refused { .. } | WorkerEvent::Beat(None) => {}
            WorkerEvent::Ready => member.ready = true,
            WorkerEvent::Beat(Some(counts)) => {
                if let Some(progress) = progress {
                    progress.advance(&member.counts, &counts);
                    member.counts = counts;
                }
            }
            WorkerEvent::Piece { number: piece, of } => {
                if member.result.is_some() || member.lost.is_some() {
                    return Ok(());
                }
                member.pieces.add(piece, of, body)?;
                if member.pieces.is_complete() {
                    match member.pieces.unpack() {
                        Ok(result) => member.result = Some(result),
                        Err(why) => {
                            member.lost = Some(format!("{}: {why}", member.label(number)));
                        }
                    }
                }
            }
            WorkerEvent::Gone(why) => {
                let label = member.label(number);
                member
                    .lost
                    .get_or_insert_with(|| format!("{label} gave up {when}: {}", shown(&why)));
            }
        }
        Ok(())
    }

    /// Counts the silence of every worker from `now` on: until then nothing could be heard of any.
    pub(super) fn restart_silence(&mut self, now: Instant) {
        for member in self.members.iter_mut().flatten() {
            member.seen = member.seen.max(now);
        }
    }

    /// Notes the workers that were not heard of for too long. Every message that was there at `now` has been taken.
    pub(super) fn note_silent(&mut self, now: Instant) {
        self.lose(now, |member, when, label| {
            let silent = now.saturating_duration_since(member.seen);
            (silent > LOST_AFTER).then(|| {
                format!(
                    "{label} was lost {when}: nothing was heard of it for {:.0} s",
                    silent.as_secs_f64()
                )
            })
        });
    }

    /// Notes every worker whose result is not there.
    pub(super) fn give_up(&mut self, now: Instant) {
        self.lose(now, |_, when, label| {
            Some(format!(
                "{label} had sent no result {when}, long after the end"
            ))
        });
    }

    /// Loses the workers without a result for which there is a sentence.
    fn lose(
        &mut self,
        now: Instant,
        sentence: impl Fn(&KnownWorker, &str, String) -> Option<String>,
    ) {
        let when = self.when(now);
        for (number, slot) in self.members.iter_mut().enumerate() {
            let Some(member) = slot else { continue };
            if member.result.is_none() && member.lost.is_none() {
                member.lost = sentence(member, &when, member.label(number));
            }
        }
    }

    fn when(&self, now: Instant) -> String {
        match self.begins.map(|begins| now.checked_duration_since(begins)) {
            Some(Some(since)) => format!("{:.1} s into the load", since.as_secs_f64()),
            _ => "before the load".to_owned(),
        }
    }

    /// How many have joined.
    pub(super) fn joined(&self) -> usize {
        self.members.iter().flatten().count()
    }

    /// How many are ready.
    pub(super) fn ready(&self) -> usize {
        let members = self.members.iter().flatten();
        members.filter(|member| member.ready).count()
    }

    /// Number of workers of the run.
    pub(super) fn workers(&self) -> usize {
        self.members.len()
    }

    /// One sentence for each worker that is lost.
    pub(super) fn lost(&self) -> Vec<String> {
        let members = self.members.iter().flatten();
        members.filter_map(|member| member.lost.clone()).collect()
    }

    /// A sentence on the first worker that was refused before it could join. No other comes in its place by itself.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Whether the load of some worker was ended by its limit of requests in flight.
    pub(super) fn is_overloaded(&self) -> bool {
        let results = self.members.iter().flatten();
        let mut results = results.filter_map(|member| member.result.as_ref());
        results.any(|result| result.data.overloaded)
    }

    /// Whether nothing more is to come: every worker has sent its result or is lost.
    pub(super) fn is_settled(&self) -> bool {
        self.members.iter().all(|slot| {
            let settled = |member: &KnownWorker| member.result.is_some() || member.lost.is_some();
            slot.as_ref().is_some_and(settled)
        })
    }

    /// The results that are there, in the order of the workers, each with the worker's name; they are
    /// given away.
    pub(super) fn take_results(&mut self) -> Vec<(String, PartResult)> {
        let members = self.members.iter_mut().enumerate();
        let taken = members.filter_map(|(number, slot)| {
            let member = slot.as_mut()?;
            Some((member.label(number), member.result.take()?))
        });
        taken.collect()
    }

    /// By how many milliseconds the times of day of two workers differ at most.
    pub(super) fn times_of_day_apart_ms(&self) -> f64 {
        let members = || self.members.iter().flatten();
        let ahead = || members().map(|member| member.info.ahead_us);
        let (least, most) = (ahead().min().unwrap_or(0), ahead().max().unwrap_or(0));
        most.saturating_sub(least) as f64 / 1e3
    }
}

/// A text of a worker as one line of a bounded length: a head has room for far longer ones.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    printable(&start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "0011";

    fn info(plan: &str, ahead_us: i64) -> WorkerInfo {
        WorkerInfo {
            host: "b".to_owned(),
            pid: 9,
            plan: plan.to_owned(),
            ahead_us,
        }
    }

    fn send(
        workers: &mut WorkerTable,
        worker: u32,
        id: &str,
        event: WorkerEvent,
        at: Instant,
    ) -> Result<(), String> {
        let message = WorkerMessage::new("r", worker, id, event);
        workers.receive(message, Vec::new(), at, PLAN, None)
    }

    fn full(at: Instant) -> WorkerTable {
        let mut workers = WorkerTable::new(2);
        for (worker, id) in [(0, "a"), (1, "b")] {
            let joined = WorkerEvent::Joined(info(PLAN, 200));
            send(&mut workers, worker, id, joined, at).unwrap();
        }
        workers
    }

    #[test]
    fn workers_join_once_each_and_are_counted_when_they_are_ready() {
        let now = Instant::now();
        let mut workers = full(now);
        assert_eq!(
            (workers.joined(), workers.ready(), workers.workers()),
            (2, 0, 2)
        );
        let again = send(
            &mut workers,
            1,
            "c",
            WorkerEvent::Joined(info(PLAN, 1)),
            now,
        );
        assert!(again.unwrap_err().contains("joined already"));
        let stranger = send(&mut workers, 1, "c", WorkerEvent::Ready, now);
        assert!(stranger.unwrap_err().contains("not joined"));
        send(&mut workers, 1, "b", WorkerEvent::Ready, now).unwrap();
        assert_eq!(workers.ready(), 1);
        assert!(!workers.is_settled() && workers.lost().is_empty());
        assert!(workers.times_of_day_apart_ms().abs() < 1e-9);
    }

    #[test]
    fn a_silent_worker_is_lost_with_its_name_and_the_time_and_one_that_beats_is_not() {
        let zero = Instant::now();
        let mut workers = full(zero);
        workers.begin(zero + Duration::from_secs(2));
        let later = zero + Duration::from_secs(13);
        send(&mut workers, 0, "a", WorkerEvent::Beat(None), later).unwrap();
        workers.note_silent(later);
        let lost = workers.lost();
        assert_eq!(lost.len(), 1);
        assert!(
            lost[0].starts_with("worker 1 on b (process 9) was lost 11.0 s into the load"),
            "{lost:?}"
        );
        assert!(!workers.is_settled());
        workers.give_up(later);
        assert!(workers.is_settled() && workers.lost().len() == 2);
        assert!(workers.take_results().is_empty());
    }

    #[test]
    fn nobody_is_lost_for_what_could_not_be_heard() {
        let zero = Instant::now();
        let second = Duration::from_secs(1);
        let mut workers = full(zero);
        // Redis was away for twelve seconds: the heartbeats of that time are lost, and the next are on their way.
        let back = zero + 12 * second;
        workers.restart_silence(back);
        workers.note_silent(back + second);
        assert!(workers.lost().is_empty(), "{:?}", workers.lost());
        let beat = WorkerEvent::Beat(None);
        send(&mut workers, 0, "a", beat, back + 2 * second).unwrap();
        workers.note_silent(back + 11 * second);
        let lost = workers.lost();
        assert!(
            lost.len() == 1 && lost[0].starts_with("worker 1"),
            "{lost:?}"
        );
        // It takes nothing back of what is newer.
        workers.restart_silence(zero);
        workers.note_silent(back + 11 * second);
        assert_eq!(workers.lost().len(), 1);
    }

    #[test]
    fn a_worker_that_gives_up_or_has_another_plan_is_lost_at_once() {
        let zero = Instant::now();
        let mut workers = WorkerTable::new(2);
        send(
            &mut workers,
            0,
            "a",
            WorkerEvent::Joined(info("ffff", 1)),
            zero,
        )
        .unwrap();
        assert!(
            workers.lost()[0].contains("another plan"),
            "{:?}",
            workers.lost()
        );
        send(
            &mut workers,
            1,
            "b",
            WorkerEvent::Joined(info(PLAN, 1)),
            zero,
        )
        .unwrap();
        send(
            &mut workers,
            1,
            "b",
            WorkerEvent::Gone("no files left".to_owned()),
            zero,
        )
        .unwrap();
        assert!(workers.lost()[1].ends_with("gave up before the load: no files left"));
    }

    #[test]
    fn a_worker_that_was_refused_is_named_and_has_no_number() {
        let now = Instant::now();
        let mut workers = WorkerTable::new(2);
        assert_eq!(workers.refused(), None);
        for (id, why) in [("a", "another\nversion"), ("b", "later")] {
            let refused = WorkerEvent::Refused {
                host: "far".to_owned(),
                pid: 7,
                why: why.to_owned(),
            };
            send(&mut workers, 0, id, refused, now).unwrap();
        }
        let said = workers.refused().unwrap();
        assert!(
            said.starts_with("a worker on far (process 7) was refused: another"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(workers.joined(), 0);
        assert!(workers.lost().is_empty());
        // The number that the message has is free.
        let joined = WorkerEvent::Joined(info(PLAN, 1));
        send(&mut workers, 0, "c", joined, now).unwrap();
        assert_eq!(workers.joined(), 1);
    }

    #[test]
    fn what_a_worker_says_of_itself_is_one_short_line() {
        let zero = Instant::now();
        let mut workers = WorkerTable::new(1);
        let host = format!("b\u{1b}[2J{}", "x".repeat(10_000));
        let joined = WorkerEvent::Joined(WorkerInfo {
            host,
            ..info(PLAN, 1)
        });
        send(&mut workers, 0, "a", joined, zero).unwrap();
        let why = format!("one\nof two{}", "y".repeat(10_000));
        send(&mut workers, 0, "a", WorkerEvent::Gone(why), zero).unwrap();
        let lost = workers.lost().remove(0);
        assert!(lost.len() < 1_000, "{}", lost.len());
        assert!(!lost.contains(char::is_control), "{lost:?}");
    }
}
