//! The conversation with an editor.

mod begin;
mod requests;
mod state;

use crossbeam_channel::{Receiver, select, unbounded};
use lakewright_analysis::ReadError;
use lakewright_manifest::Date;
use lsp_server::{Connection, ErrorCode, Message, ProtocolError, Response};
use serde_json::Value;

use crate::judge::{self, Judged};
use begin::Client;
use state::State;

/// What does not come from the editor.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The folder of the mesh, if the editor's folders do not say it.
    pub mesh: Option<std::path::PathBuf>,
    /// Shares that expired before this date grant no access.
    pub as_of: Option<Date>,
}

/// Why the server ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The editor does not follow the protocol, or went away without a word.
    #[error("the editor does not follow the Language Server Protocol: {0}")]
    Protocol(#[from] ProtocolError),
    /// The mesh's folder cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// The streams broke.
    #[error("the connection to the editor broke: {0}")]
    Streams(#[from] std::io::Error),
}

/// Serves an editor over standard input and output, until it says `exit`.
///
/// # Errors
///
/// See [`ServeError`].
pub fn serve_standard_streams(settings: &Settings) -> Result<(), ServeError> {
    let (connection, threads) = Connection::stdio();
    serve(&connection, settings)?;
    // The threads end when the connection's channels are closed.
    drop(connection);
    threads.join()?;
    Ok(())
}

/// Serves an editor over a connection, until it says `exit`.
///
/// # Errors
///
/// See [`ServeError`].
pub fn serve(connection: &Connection, settings: &Settings) -> Result<(), ServeError> {
    let (id, parameters) = connection.initialize_start()?;
    let client = Client::of(&parameters);
    connection.initialize_finish(id, begin::answer(&client))?;
    let (asked, questions) = unbounded();
    let (answers, judged) = unbounded();
    let as_of = settings.as_of.clone();
    let judge = std::thread::spawn(move || judge::run(&questions, &answers, as_of.as_ref()));
    let mut state = State::begin(client, settings, asked, connection.sender.clone())?;
    let result = converse(connection, &mut state, &judged);
    // Without anybody who asks, the thread ends.
    drop(state);
    drop(judged);
    // A panic of the judge was printed, and there is nothing left to serve.
    drop(judge.join());
    result
}

fn converse(
    connection: &Connection,
    state: &mut State,
    judged: &Receiver<Judged>,
) -> Result<(), ServeError> {
    loop {
        select! {
            recv(connection.receiver) -> message => match message {
                Ok(Message::Request(request)) => {
                    if connection.handle_shutdown(&request)? {
                        return Ok(());
                    }
                    let answer = requests::answer(state, &request);
                    state.send(Message::Response(response(request.id, answer)));
                }
                Ok(Message::Notification(notification)) => {
                    if notification.method == "exit" {
                        return Ok(());
                    }
                    state.take_in(&notification.method, &notification.params);
                }
                // Nothing that this server asks needs an answer.
                Ok(Message::Response(_)) => {}
                // The editor closed its side.
                Err(_) => return Ok(()),
            },
            recv(judged) -> answer => match answer {
                Ok(answer) => state.judged(answer),
                Err(_) => return Ok(()),
            },
        }
    }
}

/// Why a request is not answered.
#[derive(Debug)]
struct Refusal {
    code: ErrorCode,
    message: String,
}

fn response(id: lsp_server::RequestId, answer: Result<Value, Refusal>) -> Response {
    match answer {
        Ok(value) => Response::new_ok(id, value),
        Err(Refusal { code, message }) => Response::new_err(id, code as i32, message),
    }
}

#[cfg(test)]
mod tests;
