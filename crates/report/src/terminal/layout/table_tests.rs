//! Tables that fit, that nearly fit, and that do not.

use super::*;

fn figures() -> Table {
    let mut table =
        Table::new(vec![Column::names("processor"), Column::figures("ms"), Column::words("note")]);
    table.row(
        ["fused-cuda-resident".to_owned(), "1".to_owned(), String::new()],
        vec![Paragraph::new("  └", 4, "below")],
    );
    table.row(["hf".to_owned(), "200".to_owned(), String::new()], Vec::new());
    table
}

/// Rows like those of a decision, with a subject of any length.
fn verdicts(subject: &str) -> Table {
    let mut table = Table::new(vec![
        Column::names("subject"),
        Column::words("images"),
        Column::figures("base").dropped(2),
        Column::figures("change"),
        Column::figures("±min").dropped(1),
        Column::words("verdict"),
    ]);
    let verdict = format!("regressed {}", glued("(not counted)"));
    let cells = [
        subject,
        &format!("1024x768, {}", glued("batch 8")),
        "3.41",
        "+12.0% [+8.0% … +17.0%]",
        "1.3%",
        &verdict,
    ];
    table.row(cells.map(str::to_owned), Vec::new());
    table
}

#[test]
fn columns_keep_their_places_whatever_the_names() {
    assert_eq!(
        figures().lines(100),
        [
            "processor             ms",
            "────────────────────────",
            "fused-cuda-resident    1",
            "  └ below",
            "hf                   200",
        ]
    );
}

#[test]
fn phrases_wrap_before_a_column_is_left_out() {
    assert_eq!(
        verdicts("fused").lines(80),
        [
            "subject  images             base                   change  ±min  verdict",
            "──────────────────────────────────────────────────────────────────────────────",
            "fused    1024x768, batch 8  3.41  +12.0% [+8.0% … +17.0%]  1.3%  regressed",
            "                                                                 (not counted)",
        ]
    );
    assert_eq!(
        verdicts("fused").lines(60),
        [
            "subject  images                      change  verdict",
            "──────────────────────────────────────────────────────────",
            "fused    1024x768,  +12.0% [+8.0% … +17.0%]  regressed",
            "         batch 8                             (not counted)",
            "left out for lack of room: ±min, base (70 columns show all)",
        ]
    );
}

#[test]
fn rows_are_stacked_with_every_cell_if_nothing_else_helps() {
    assert_eq!(
        verdicts("python:/a/very/long/path/of_a_processor.py:Class").lines(50),
        [
            "python:/a/very/long/path/of_a_processor.py:Class",
            "  images: 1024x768, batch 8 · base: 3.41 ·",
            "    change: +12.0% [+8.0% … +17.0%] · ±min: 1.3% ·",
            "    verdict: regressed (not counted)",
        ]
    );
}

#[test]
fn every_cell_is_whole_at_every_width() {
    for subject in
        ["fused", "python:/a/very/long/path/of_a_processor.py:Class", "漢字の名前がとても長い処理系"]
    {
        for columns in 40..=200 {
            let lines = verdicts(subject).lines(columns);
            for line in &lines {
                assert!(display_width(line) <= columns, "{columns}: {lines:#?}");
            }
            let text = lines.join("\n");
            for wanted in ["regressed", "(not counted)", "+12.0% [+8.0% … +17.0%]"] {
                assert!(text.contains(wanted), "{wanted} at {columns}: {text}");
            }
            // The subject comes first, on as many lines as it needs.
            let first = |line: &str| line.trim_start().split(' ').next().unwrap_or_default().to_owned();
            let found: String = lines.iter().map(|line| first(line)).collect();
            let aligned = found.strip_prefix("subject").map(|rest| rest.trim_start_matches('─'));
            let aligned = aligned.unwrap_or(&found).replace("left", "");
            assert!(aligned.starts_with(subject), "{columns}: {aligned}");
        }
    }
}

#[test]
fn a_table_without_rows_has_its_header() {
    let table = Table::new(vec![Column::names("subject"), Column::words("verdict")]);
    assert_eq!(table.lines(60), ["subject  verdict", "────────────────"]);
}

#[test]
fn a_text_of_any_length_is_laid_out_in_a_few_steps() {
    // One step for each character would take minutes.
    let lines = verdicts(&"of a long name ".repeat(10_000)).lines(80);
    assert!(lines.iter().all(|line| display_width(line) <= 80), "{lines:?}");
}
