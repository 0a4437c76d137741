//! Another reader of the format, PyPI's `deltalake`, opens the table in place.

use crate::world::{Place, now, rows};
use std::path::{Path, PathBuf};
use std::process::Command;
use throughline_lake::Redirects;

const SCRIPT: &str = "
import sys
from deltalake import DeltaTable, QueryBuilder
table = DeltaTable(sys.argv[1])
rows = QueryBuilder().register('t', table).execute(
    'select count(*), sum(money_minor), count(distinct customer), sum(cardinality(attributes)) from t').read_all()
print(table.metadata().partition_columns[0], *[rows.column(i).chunk(0)[0].as_py() for i in range(4)])
";

fn tools() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("THROUGHLINE_TOOLS") {
        return Some(PathBuf::from(folder).join("venv"));
    }
    Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/throughline/venv"))
}

fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| format!("{}: {e}", program.display()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("no message").to_owned())
}

/// A Python with `deltalake`, installed on first use.
fn python() -> Result<PathBuf, String> {
    let folder = tools().ok_or("no home directory")?;
    let python = folder.join("bin/python");
    if run(&python, &["-c", "import deltalake"]).is_err() {
        run(Path::new("python3"), &["-m", "venv", &folder.to_string_lossy()])?;
        run(&python, &["-m", "pip", "install", "--quiet", "deltalake>=1,<2"])?;
    }
    Ok(python)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_reader_of_the_format_sees_the_same() {
    let python = match python() {
        Ok(python) => python,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let place = Place::new();
    let lake = place.open().await;
    let all = rows(0..700, 30);
    for part in all.chunks(100) {
        lake.append(part[99].position, part.to_vec(), now()).await.unwrap();
    }
    let minor: i64 = all.iter().filter_map(|r| r.money).map(|m| m.minor).sum();
    let attributes: usize = all.iter().map(|r| r.attributes.len()).sum();
    let people = all.iter().map(|r| r.customer).collect::<std::collections::BTreeSet<_>>().len();
    let expected = format!("bucket 700 {minor} {people} {attributes}");
    let table = place.table();
    let seen = || run(&python, &["-c", SCRIPT, &table.to_string_lossy()]);
    assert_eq!(seen(), Ok(expected.clone()));
    lake.compact(&Redirects::default(), now()).await.unwrap();
    assert_eq!(seen(), Ok(expected.clone()));
    // And after an erasure, which rewrites the log.
    let gone = all[0].customer;
    lake.erase(&[gone], &[gone], &Redirects::default(), now()).await.unwrap();
    let left = all.iter().filter(|r| r.customer != gone).count();
    assert!(seen().is_ok_and(|s| s.starts_with(&format!("bucket {left} "))));
}
