//! Command lines that a person can paste into a shell.

/// The words as a shell reads them back, each quoted where it must be.
pub fn joined<S: AsRef<str>>(words: &[S]) -> String {
    let quoted = words.iter().map(|word| {
        // What no shell can be given, a NUL, cannot stand in a command line either.
        let word = word.as_ref().replace('\0', "");
        shlex::try_quote(&word).map_or_else(|_| word.clone(), |quoted| quoted.into_owned())
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        assert_eq!(joined(&["patchmark", "--out=runs/a"]), "patchmark --out=runs/a");
        assert_eq!(joined(&["it's", "a b", ""]), r#""it's" 'a b' ''"#);
        assert_eq!(shlex::split(&joined(&["it's", "$x", "\n"])).unwrap(), ["it's", "$x", "\n"]);
    }
}
