//! The arrows between files and between folders, and the circles among them.

use std::collections::{BTreeMap, BTreeSet};

/// The names behind an arrow, each with the line of its first use.
pub type Names = BTreeMap<String, usize>;

/// Which file uses which, by paths from the workspace's root.
#[derive(Debug, Default)]
pub struct Graph {
    /// Arrows from the using file to the defining one.
    pub arrows: BTreeMap<(String, String), Names>,
    /// Arrows from a file to a package outside the workspace.
    pub external: BTreeMap<(String, String), Names>,
}

impl Graph {
    /// Adds the use of a name; a file's use of its own names is not an arrow.
    pub fn add(&mut self, from: &str, to: &str, name: &str, line: usize) {
        if from != to {
            insert(&mut self.arrows, from, to, name, line);
        }
    }

    /// Adds the use of a package outside the workspace.
    pub fn add_external(&mut self, from: &str, package: &str, name: &str, line: usize) {
        insert(&mut self.external, from, package, name, line);
    }

    /// The arrows between places, which are folders and the files beside them. An arrow between two files becomes one
    /// between the outermost places that contain only one of them, named after the two files. `src` and `crates`
    /// themselves are not places, so arrows between them are left out.
    pub fn of_places(&self) -> Self {
        let mut places = Self::default();
        for ((from, to), names) in &self.arrows {
            let shared = from.split('/').zip(to.split('/')).take_while(|(one, other)| one == other).count();
            if shared == 0 {
                continue;
            }
            let place = |file: &str| file.split('/').take(shared + 1).collect::<Vec<_>>().join("/");
            let line = names.values().min().copied().unwrap_or_default();
            places.add(&place(from), &place(to), &format!("{from} uses {to}"), line);
        }
        places
    }

    /// Every circle: a strongly connected component of more than one file, by Tarjan's algorithm.
    pub fn circles(&self) -> Vec<BTreeSet<&str>> {
        let mut files: Vec<&str> = self.arrows.keys().flat_map(|(from, to)| [from.as_str(), to]).collect();
        files.sort_unstable();
        files.dedup();
        let number = |file: &str| files.binary_search(&file).unwrap_or_default();
        let mut next = vec![Vec::new(); files.len()];
        for (from, to) in self.arrows.keys() {
            next[number(from)].push(number(to));
        }
        let components = Tarjan::new(next).components();
        let circles = components.into_iter().filter(|component| component.len() > 1);
        let mut circles: Vec<BTreeSet<&str>> =
            circles.map(|circle| circle.into_iter().map(|file| files[file]).collect()).collect();
        circles.sort();
        circles
    }
}

fn insert(arrows: &mut BTreeMap<(String, String), Names>, from: &str, to: &str, name: &str, line: usize) {
    let names = arrows.entry((from.to_owned(), to.to_owned())).or_default();
    let first = names.entry(name.to_owned()).or_insert(line);
    *first = line.min(*first);
}

/// Tarjan's algorithm without recursion, so that long chains of files cannot exhaust the thread's stack.
struct Tarjan {
    next: Vec<Vec<usize>>,
    /// When a file was first reached.
    reached: Vec<Option<usize>>,
    /// The earliest time among the files on the stack that a file is known to lead back to.
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    found: Vec<Vec<usize>>,
}

impl Tarjan {
    fn new(next: Vec<Vec<usize>>) -> Self {
        let files = next.len();
        Self {
            next,
            reached: vec![None; files],
            low: vec![0; files],
            on_stack: vec![false; files],
            stack: Vec::new(),
            found: Vec::new(),
        }
    }

    fn components(mut self) -> Vec<Vec<usize>> {
        let mut time = 0;
        for start in 0..self.next.len() {
            if self.reached[start].is_some() {
                continue;
            }
            // Files from the start to the current one, each with the number of arrows already followed.
            let mut path = Vec::new();
            self.reach(start, &mut time, &mut path);
            while let Some((file, followed)) = path.last_mut() {
                let file = *file;
                if let Some(&other) = self.next[file].get(*followed) {
                    *followed += 1;
                    match self.reached[other] {
                        None => self.reach(other, &mut time, &mut path),
                        Some(when) if self.on_stack[other] => self.low[file] = self.low[file].min(when),
                        Some(_) => {}
                    }
                } else {
                    path.pop();
                    if let Some((before, _)) = path.last() {
                        self.low[*before] = self.low[*before].min(self.low[file]);
                    }
                    self.close(file);
                }
            }
        }
        self.found
    }

    fn reach(&mut self, file: usize, time: &mut usize, path: &mut Vec<(usize, usize)>) {
        self.reached[file] = Some(*time);
        self.low[file] = *time;
        *time += 1;
        self.stack.push(file);
        self.on_stack[file] = true;
        path.push((file, 0));
    }

    /// Takes a component off the stack if the file is its first.
    fn close(&mut self, file: usize) {
        if self.reached[file] != Some(self.low[file]) {
            return;
        }
        let first = self.stack.iter().rposition(|other| *other == file).unwrap_or_default();
        let component = self.stack.split_off(first);
        component.iter().for_each(|file| self.on_stack[*file] = false);
        self.found.push(component);
    }
}
