//! Which of a run's charts are written, in which forms and which theme.

use anyhow::Result;
use rayon::prelude::*;

use super::charts::{self, Chart, Theme};
use super::folder::Staging;
use super::page;
use super::schema::Run;

/// A form that a chart, or all of them, is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A drawing that scales.
    Svg,
    /// A picture of 1,920 pixels' width.
    Png,
    /// The values behind it.
    Csv,
    /// One page of all of them.
    Html,
}

/// What is drawn of a run: everything, in the light theme, unless told otherwise.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Names of charts, of [`charts::OF_RUN`].
    pub charts: Vec<&'static str>,
    /// Forms that are written.
    pub formats: Vec<Format>,
    /// The theme of SVG and PNG files; a page has both.
    pub theme: Theme,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            charts: charts::OF_RUN.to_vec(),
            formats: vec![Format::Svg, Format::Png, Format::Csv, Format::Html],
            theme: Theme::Light,
        }
    }
}

impl Selection {
    /// Draws and saves what is selected. Files of the dark theme are named `NAME-dark`.
    pub(super) fn save(&self, staging: &Staging, run: &Run) -> Result<()> {
        let mut charts = charts::of_run(run)?;
        charts.retain(|chart| self.charts.contains(&chart.name()));
        // A PNG is averaged from four times its pixels: side by side they take less long.
        let files = charts.par_iter().map(|chart| self.files(chart)).collect::<Result<Vec<_>>>()?;
        for (name, bytes) in files.into_iter().flatten() {
            staging.save(&name, &bytes)?;
        }
        if self.formats.contains(&Format::Html) {
            // A page links to the files of its own names alone.
            let beside: &[Format] = if self.theme == Theme::Light { &self.formats } else { &[] };
            staging.save(page::FILE, page::of_run(run, &charts, beside)?.as_bytes())?;
        }
        Ok(())
    }

    fn files(&self, chart: &Chart) -> Result<Vec<(String, Vec<u8>)>> {
        let name = chart.name();
        let dark = if self.theme == Theme::Dark { "-dark" } else { "" };
        let mut files = Vec::new();
        for format in &self.formats {
            files.push(match format {
                Format::Svg => (format!("{name}{dark}.svg"), chart.svg(self.theme)?.into_bytes()),
                Format::Png => (format!("{name}{dark}.png"), chart.png(self.theme)?),
                Format::Csv => (format!("{name}.csv"), chart.csv().as_bytes().to_vec()),
                Format::Html => continue,
            });
        }
        Ok(files)
    }
}
