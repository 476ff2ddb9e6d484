//! Threads that stop late, that never stop, and that only seem to be gone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc::channel,
};

use super::*;

/// A thread that keeps a CPU busy until it is dropped.
struct Spinning {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Spinning {
    fn start(name: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let work = move || {
            while !told.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        let thread = thread::Builder::new().name(name.into()).spawn(work).unwrap();
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Spinning {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[test]
fn a_wait_ends_after_the_thread_that_it_waits_for() {
    let quiet = Quiet::default();
    let gone = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&gone);
    thread::spawn(move || {
        spin(Duration::from_millis(20));
        told.store(true, Ordering::SeqCst);
    });
    quiet.before("next");
    assert!(gone.load(Ordering::SeqCst));
}

#[test]
fn a_thread_that_never_stops_is_named_once_and_not_waited_for_again() {
    let quiet = Quiet::default();
    let _spinning = Spinning::start("never stops");
    quiet.before("hf");
    quiet.before("fused");
    quiet.before("batched");
    let named = |remarks: &BTreeMap<String, Vec<String>>| {
        let names = |(last, names): (&String, &Vec<String>)| {
            names.contains(&"never stops".to_owned()).then(|| last.clone())
        };
        remarks.iter().filter_map(names).collect::<Vec<_>>()
    };
    assert_eq!(named(&quiet.0.borrow().remarks), [""]);
    assert!(quiet.notes().iter().any(|note| note.starts_with("before the first sample, ")));
    assert!(quiet.notes().is_empty(), "a note is told once");
}

#[test]
fn a_thread_that_rests_between_its_work_is_seen_too() {
    let (asks, received) = channel::<()>();
    let (done, worked) = channel();
    let thread = thread::Builder::new().name("now and then".into()).spawn(move || {
        for () in received {
            spin(Duration::from_millis(1));
            done.send(()).unwrap();
        }
    });
    let (mut watch, mut before) = (Watch::default(), HashSet::new());
    let mut busy = |ask: bool| {
        if ask {
            asks.send(()).unwrap();
            worked.recv().unwrap();
            thread::sleep(Duration::from_millis(20));
        }
        let busy = watch.look(&[], &mut before).unwrap();
        busy.iter().any(|thread| thread.name() == "now and then")
    };
    assert!(busy(true), "a thread that was not seen before may just have worked");
    assert!(busy(true));
    assert!(!busy(false));
    drop(asks);
    thread.unwrap().join().unwrap();
}

#[test]
fn a_process_that_never_stops_is_named_and_one_that_ended_is_not() {
    let quiet = Quiet::default();
    let mut busy = process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    while !threads::of(busy.id()).unwrap().iter().all(Thread::runs) {}
    let mut ended = process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    quiet.before_in(&[busy.id(), ended.id()], "hf");
    busy.kill().unwrap();
    busy.wait().unwrap();
    let remarks = &quiet.0.borrow().remarks;
    assert!(remarks[""].contains(&"sh".to_owned()), "{remarks:?}");
}

#[test]
fn many_names_are_shortened() {
    let names: Vec<String> = (0..8).chain(0..8).map(|n| format!("t{n}")).collect();
    assert_eq!(shortened(&names), "t0, t1, t2, t3, t4 and 3 more");
}
