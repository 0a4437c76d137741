//! A session: statements out, answers in, in the same order.
//!
//! Every statement is prepared once under a number. What is queued is written without waiting; what is
//! asked for is followed by a sync, and all answers before its own are read first. After an error the
//! server passes over everything up to the sync, and so do we: the error is told to whoever asks next.

use super::message::{self, Fields, ServerError, tag};
use super::row::{PostgresRows, RowBytes};
use super::stream::Stream;
use super::{Failure, greeting};
use crate::place::PostgresAddress;
use crate::value::ValueRef;
use std::cell::{RefCell, RefMut};
use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

/// Statements that may be on their way; the server's answers to so many lie in the sockets between us
/// without anybody waiting for anybody.
const MOST_UNANSWERED: usize = 1024;
/// Bytes that wait to be sent before they are.
const BATCH_BYTES: usize = 32 << 10;
/// Statements that stay prepared.
const MOST_PREPARED: usize = 200;

/// A session with a server.
pub(crate) struct Session(RefCell<State>);

struct State {
    stream: Stream,
    awaited: VecDeque<Awaited>,
    /// Of those awaited, statements and not syncs.
    unanswered: usize,
    /// What failed and nobody was told yet.
    failure: Option<Failure>,
    /// The session is over, for this reason.
    over: Option<Failure>,
    statements: Vec<Known>,
    by_text: HashMap<String, usize>,
    prepared: VecDeque<usize>,
    names: u64,
    /// Whose rows are coming in.
    reading: Option<u64>,
    /// Rows that came in while their reader was doing something else.
    ahead: HashMap<u64, Ahead>,
    readers: u64,
    /// Whether the last transaction that ended was committed.
    committed: bool,
}

enum Awaited {
    Statement { number: usize, describes: bool },
    Sync,
}

struct Known {
    sql: String,
    /// Its name at the server.
    name: Option<String>,
    columns: Arc<[Column]>,
}

/// A column of a result.
pub(super) struct Column {
    pub(super) name: String,
    /// The number of its type.
    pub(super) kind: u32,
}

#[derive(Default)]
struct Ahead {
    rows: VecDeque<RowBytes>,
    failure: Option<Failure>,
}

enum Event {
    Nothing,
    Row(Range<usize>),
    Done(usize),
    Ready,
}

impl Session {
    /// Opens a session; `name` is what the server's lists call it.
    pub(crate) fn open(address: &PostgresAddress, name: &str) -> Result<Self, Failure> {
        Ok(Self(RefCell::new(State {
            stream: greeting::greet(address, name)?,
            awaited: VecDeque::new(),
            unanswered: 0,
            failure: None,
            over: None,
            statements: Vec::new(),
            by_text: HashMap::new(),
            prepared: VecDeque::new(),
            names: 0,
            reading: None,
            ahead: HashMap::new(),
            readers: 0,
            committed: false,
        })))
    }

    /// The number of a statement.
    pub(crate) fn statement(&self, sql: &str) -> usize {
        let mut state = self.state();
        if let Some(number) = state.by_text.get(sql) {
            return *number;
        }
        let number = state.statements.len();
        state.statements.push(Known { sql: sql.to_owned(), name: None, columns: Arc::new([]) });
        state.by_text.insert(sql.to_owned(), number);
        number
    }

    /// Sends a statement on its way. `each` hands over its values.
    pub(crate) fn queue<E: From<Failure>>(
        &self,
        statement: usize,
        each: impl FnOnce(&mut dyn FnMut(ValueRef<'_>) -> Result<(), E>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut state = self.state();
        state.put_aside()?;
        state.write(statement, 0, each)?;
        state.make_room()?;
        // What has failed by now need not wait for the end.
        Ok(state.failure.take().map_or(Ok(()), Err)?)
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) fn execute<E: From<Failure>>(
        &self,
        statement: usize,
        each: impl FnOnce(&mut dyn FnMut(ValueRef<'_>) -> Result<(), E>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut state = self.state();
        state.put_aside()?;
        state.write(statement, 0, each)?;
        state.sync()?;
        Ok(state.finish()?)
    }

    /// The rows of a statement; at most so many, 0 for all.
    pub(crate) fn query<E: From<Failure>>(
        &self,
        statement: usize,
        most: u32,
        each: impl FnOnce(&mut dyn FnMut(ValueRef<'_>) -> Result<(), E>) -> Result<(), E>,
    ) -> Result<PostgresRows<'_>, E> {
        let mut state = self.state();
        state.put_aside()?;
        state.write(statement, most, each)?;
        state.sync()?;
        let first = state.first_row()?;
        let reader = state.readers;
        state.readers += 1;
        state.reading = first.is_some().then_some(reader);
        let columns = state.statements[statement].columns.clone();
        drop(state);
        Ok(PostgresRows::new(self, reader, columns, first))
    }

    /// The next row of a reader.
    pub(super) fn next_row(&self, reader: u64, row: &mut RowBytes) -> Result<bool, Failure> {
        let mut state = self.state();
        if let Some(ahead) = state.ahead.get_mut(&reader) {
            if let Some(next) = ahead.rows.pop_front() {
                *row = next;
                return Ok(true);
            }
            return ahead.failure.take().map_or(Ok(false), Err);
        }
        if state.reading != Some(reader) {
            return Ok(false);
        }
        state.read_row(row)
    }

    /// A reader reads no further.
    pub(super) fn forget_reader(&self, reader: u64) {
        let mut state = self.state();
        state.ahead.remove(&reader);
        if state.reading == Some(reader) && state.over.is_none() {
            // What is wrong is told to whoever asks next.
            if let Err(e) = state.finish() {
                state.failure.get_or_insert(e);
            }
        }
        if state.reading == Some(reader) {
            state.reading = None;
        }
    }

    /// How many columns a statement's rows have.
    pub(crate) fn column_count(&self, statement: usize) -> Result<usize, Failure> {
        let mut state = self.state();
        state.put_aside()?;
        if state.prepare(statement) {
            state.awaited.push_back(Awaited::Statement { number: statement, describes: true });
            state.unanswered += 1;
        }
        state.sync()?;
        // Nothing is executed, and so nothing is done: the sync is the end.
        state.finish()?;
        Ok(state.statements[statement].columns.len())
    }

    /// Runs statements that take no values and give no rows.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), Failure> {
        let mut state = self.state();
        state.put_aside()?;
        if state.unanswered > 0 {
            state.sync()?;
            state.finish()?;
        }
        message::query(&mut state.stream.out, sql);
        state.awaited.push_back(Awaited::Sync);
        state.send()?;
        state.finish().map(|_| ())
    }

    /// Ends a transaction, and says whether it was committed.
    pub(crate) fn commit(&self) -> Result<bool, Failure> {
        let commit = self.statement("COMMIT");
        self.execute::<Failure>(commit, |_| Ok(()))?;
        Ok(self.state().committed)
    }

    /// Ends a transaction that changed nothing, without waiting.
    pub(crate) fn let_go(&self) -> Result<(), Failure> {
        let commit = self.statement("COMMIT");
        let mut state = self.state();
        state.put_aside()?;
        state.write::<Failure>(commit, 0, |_| Ok(()))?;
        state.sync()
    }

    /// Ends a transaction as if it had never begun.
    pub(crate) fn roll_back(&self) {
        let rollback = self.statement("ROLLBACK");
        let mut state = self.state();
        if state.over.is_some() {
            return;
        }
        let mut run = || {
            state.put_aside()?;
            // What failed before is why it is rolled back.
            if state.unanswered > 0 {
                state.sync()?;
                let _told = state.finish();
            }
            state.failure = None;
            state.write::<Failure>(rollback, 0, |_| Ok(()))?;
            state.sync()?;
            state.finish()
        };
        if let Err(error) = run() {
            tracing::debug!(%error, "a transaction was not rolled back");
        }
    }

    /// Whether the session can be used for something new.
    pub(crate) fn is_alive(&self) -> bool {
        let mut state = self.state();
        state.over.is_none() && state.put_aside().is_ok() && state.finish().is_ok() && state.stream.is_quiet()
    }

    fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut state = self.state();
        if state.over.is_none() {
            message::terminate(&mut state.stream.out);
            let _gone = state.stream.send();
        }
    }
}

impl State {
    /// Everything that can end the session comes by here.
    fn ends<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(e) = &result {
            self.over.get_or_insert_with(|| e.clone());
        }
        result
    }

    fn send(&mut self) -> Result<(), Failure> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let sent = self.stream.send();
        self.ends(sent)
    }

    /// Prepares a statement unless it is; true where its description will come.
    fn prepare(&mut self, number: usize) -> bool {
        if self.statements[number].name.is_some() {
            return false;
        }
        if self.prepared.len() >= MOST_PREPARED
            && let Some(old) = self.prepared.pop_front()
            && let Some(name) = self.statements[old].name.take()
        {
            message::close(&mut self.stream.out, &name);
        }
        self.names += 1;
        let name = format!("s{}", self.names);
        message::parse_and_describe(&mut self.stream.out, &name, &self.statements[number].sql);
        self.statements[number].name = Some(name);
        self.prepared.push_back(number);
        true
    }

    fn write<E: From<Failure>>(
        &mut self,
        number: usize,
        most: u32,
        each: impl FnOnce(&mut dyn FnMut(ValueRef<'_>) -> Result<(), E>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.stream.out.len();
        let describes = self.prepare(number);
        let name = self.statements[number].name.clone().unwrap_or_default();
        let out = &mut self.stream.out;
        let at = message::bind(out, &name);
        let mut given = 0_u16;
        let done = each(&mut |value| {
            given += 1;
            put(out, value);
            Ok(())
        });
        if let Err(e) = done {
            // Nothing of it is sent.
            out.truncate(before);
            if describes {
                self.statements[number].name = None;
                self.prepared.pop_back();
            }
            return Err(e);
        }
        message::bound(out, at, &name, given);
        message::execute(out, most);
        self.awaited.push_back(Awaited::Statement { number, describes });
        self.unanswered += 1;
        Ok(())
    }

    /// Keeps what is on its way within bounds.
    fn make_room(&mut self) -> Result<(), Failure> {
        if self.unanswered >= MOST_UNANSWERED {
            message::flush(&mut self.stream.out);
            self.send()?;
            while self.unanswered > MOST_UNANSWERED / 2 {
                self.step()?;
            }
        } else if self.stream.out.len() >= BATCH_BYTES {
            self.send()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failure> {
        message::sync(&mut self.stream.out);
        self.awaited.push_back(Awaited::Sync);
        self.send()
    }

    /// Reads all answers; how many rows the last statement changed.
    fn finish(&mut self) -> Result<usize, Failure> {
        let mut changed = 0;
        while !self.awaited.is_empty() {
            if let Event::Done(rows) = self.step()? {
                changed = rows;
            }
        }
        self.reading = None;
        self.failure.take().map_or(Ok(changed), Err)
    }

    /// Reads answers up to the first row of the last statement, or to the end where it has none.
    fn first_row(&mut self) -> Result<Option<RowBytes>, Failure> {
        while !self.awaited.is_empty() {
            let is_last = self.unanswered == 1;
            match self.step()? {
                Event::Row(body) if is_last => {
                    let mut row = RowBytes::default();
                    row.set(self.stream.body(body))?;
                    return Ok(Some(row));
                }
                _ => {}
            }
        }
        self.failure.take().map_or(Ok(None), Err)
    }

    /// Reads a row of the statement whose rows are coming in; false at their end.
    fn read_row(&mut self, row: &mut RowBytes) -> Result<bool, Failure> {
        loop {
            match self.step()? {
                Event::Row(body) => {
                    row.set(self.stream.body(body))?;
                    return Ok(true);
                }
                Event::Nothing => {}
                Event::Done(_) | Event::Ready => {
                    self.finish()?;
                    return Ok(false);
                }
            }
        }
    }

    /// Before anything new is sent, what comes in is kept for its reader.
    fn put_aside(&mut self) -> Result<(), Failure> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let Some(reader) = self.reading else { return Ok(()) };
        let mut ahead = Ahead::default();
        let mut row = RowBytes::default();
        loop {
            match self.read_row(&mut row) {
                Ok(true) => ahead.rows.push_back(std::mem::take(&mut row)),
                Ok(false) => break,
                Err(e) => {
                    ahead.failure = Some(e);
                    break;
                }
            }
        }
        self.reading = None;
        self.ahead.insert(reader, ahead);
        self.over.clone().map_or(Ok(()), Err)
    }

    /// Reads one message.
    fn step(&mut self) -> Result<Event, Failure> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let received = self.stream.receive();
        let (tag, body) = self.ends(received)?;
        let understood = self.understand(tag, body);
        self.ends(understood)
    }

    fn understand(&mut self, tag: u8, body: Range<usize>) -> Result<Event, Failure> {
        match tag {
            tag::DATA_ROW => Ok(Event::Row(body)),
            tag::PARSE_COMPLETE
            | tag::BIND_COMPLETE
            | tag::CLOSE_COMPLETE
            | tag::PARAMETER_DESCRIPTION
            | tag::PARAMETER => Ok(Event::Nothing),
            tag::ROW_DESCRIPTION | tag::NO_DATA => {
                if let Some(Awaited::Statement { number, .. }) = self.awaited.front() {
                    let number = *number;
                    let columns = if tag == tag::NO_DATA { Vec::new() } else { columns(self.stream.body(body))? };
                    self.statements[number].columns = columns.into();
                }
                Ok(Event::Nothing)
            }
            tag::COMMAND_COMPLETE | tag::EMPTY_QUERY | tag::PORTAL_SUSPENDED => {
                let rows = if tag == tag::COMMAND_COMPLETE {
                    let said = Fields(self.stream.body(body)).text()?;
                    self.committed = said == "COMMIT";
                    said.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
                } else {
                    0
                };
                if let Some(Awaited::Statement { .. }) = self.awaited.front() {
                    self.awaited.pop_front();
                    self.unanswered -= 1;
                }
                Ok(Event::Done(rows))
            }
            tag::READY => {
                // A statement that was only described ends with the sync.
                while let Some(Awaited::Statement { .. }) = self.awaited.front() {
                    self.awaited.pop_front();
                    self.unanswered -= 1;
                }
                self.awaited.pop_front();
                Ok(Event::Ready)
            }
            tag::ERROR => {
                let error = Box::new(ServerError::read(self.stream.body(body))?);
                if error.is_fatal {
                    return Err(Failure::Server(error));
                }
                self.failure.get_or_insert(Failure::Server(error));
                // The server passes over everything up to the sync.
                while let Some(Awaited::Statement { number, describes }) = self.awaited.front() {
                    if *describes {
                        self.statements[*number].name = None;
                    }
                    self.awaited.pop_front();
                    self.unanswered -= 1;
                }
                if self.awaited.is_empty() {
                    self.sync()?;
                }
                Ok(Event::Nothing)
            }
            _ => Err(Failure::protocol("the server says what was not expected")),
        }
    }
}

fn columns(body: &[u8]) -> Result<Vec<Column>, Failure> {
    let mut fields = Fields(body);
    (0..fields.u16()?)
        .map(|_| {
            let name = fields.text()?.to_owned();
            // The table, the column in it; then the type; its size, its modifier, the format.
            fields.bytes(6)?;
            let kind = fields.i32()?.cast_unsigned();
            fields.bytes(8)?;
            Ok(Column { name, kind })
        })
        .collect()
}

/// Writes a value as text.
fn put(out: &mut Vec<u8>, value: ValueRef<'_>) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    let length = match value {
        ValueRef::Null => -1,
        other => {
            // A Vec takes everything.
            let _written = match other {
                ValueRef::Integer(n) => write!(out, "{n}"),
                ValueRef::Real(n) => write!(out, "{n:?}"),
                ValueRef::Text(text) if text.contains('\0') => {
                    // PostgreSQL has no text with a zero in it; the sign for it stands for it.
                    write!(out, "{}", text.replace('\0', "\u{2400}"))
                }
                ValueRef::Text(text) => out.write_all(text.as_bytes()),
                ValueRef::Null => Ok(()),
            };
            (out.len() - at - 4) as i32
        }
    };
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}
