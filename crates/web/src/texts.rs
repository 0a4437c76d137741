//! The words of the interface, in English. Templates hold the words of their own page; what code
//! says stands here.

pub(crate) const DO_MEND_REQUEST: &str = "mend the request and send it again";
pub(crate) const DO_GIVE_KEY: &str = "send `Authorization: Bearer <key>`; an administrator makes keys under Data";
pub(crate) const DO_LOG_IN: &str = "log in and try again";
pub(crate) const DO_ASK_ADMIN: &str = "ask an administrator of this workspace";
pub(crate) const DO_RELOAD: &str = "go back, reload the page and send the form again";
pub(crate) const DO_CHECK_ADDRESS: &str = "check the address, or begin at the start page";
pub(crate) const DO_CHECK_METHOD: &str = "GET reads, POST sends; see /api/v1/";
pub(crate) const DO_SEND_LESS: &str = "send fewer interactions at once";
pub(crate) const DO_SEND_GZIP: &str = "send it plain or as gzip";
pub(crate) const DO_FREE_SPACE: &str = "free some space on the server; what was accepted is safe";
pub(crate) const DO_USE_LOCALHOST: &str = "open it as localhost or 127.0.0.1";
pub(crate) const DO_READ_LOG: &str = "nothing you sent is lost if it was accepted; the server's log says what happened";

pub(crate) const NO_KEY: &str = "a key is needed";
pub(crate) const WRONG_KEY: &str = "this key is unknown or was revoked";
pub(crate) const KEY_CANNOT_WRITE: &str = "this key reads only; interactions need a key of role writer or admin";
pub(crate) const NO_LOGIN: &str = "this page is for people who have logged in";
pub(crate) const NOT_YOUR_ROOM: &str = "your role does not open this page";
pub(crate) const STALE_FORM: &str = "this form is too old, or it did not come from this console";
pub(crate) const NO_PAGE: &str = "there is no such page";
pub(crate) const WRONG_METHOD: &str = "this address does not take that method";
pub(crate) const TOO_MANY: &str = "too many tries";
pub(crate) const DISK_FULL: &str = "the disk of this server is full";
pub(crate) const WRONG_HOST: &str = "the demo answers on this machine only";
pub(crate) const BROKEN: &str = "something broke on our side";
pub(crate) const NO_FILE: &str = "choose a file first";
pub(crate) const NO_REJECTS: &str = "no row of this file was rejected";
pub(crate) const NOBODY_TOLD: &str = "no column says who it was: every row will be a customer of its own; choose a column with an address or a number of the customer if there is one";
pub(crate) const NOTHING_WOULD_COME: &str = "nothing would come in";
pub(crate) const BAD_DUE: &str = "the day is written as 2026-03-01";
pub(crate) const BAD_FOLLOW_UP: &str = "a follow-up needs somebody who does it";
pub(crate) const NO_SUCH_FOLLOW_UP: &str = "there is no such follow-up, or it is done already";
pub(crate) const BAD_VIEW: &str = "a view needs a name, and a page of this console";
pub(crate) const NO_SUCH_PLACE: &str = "there is no such place, or it is looked at no more";
pub(crate) const PEOPLE_ALONE: &str = "no column says when something happened, so this is read as a list of customers: it tells who they are, and nobody counts as seen because of it; bring their orders too";
pub(crate) const NO_SUCH_VIEW: &str = "there is no such view, or it is somebody else's";
pub(crate) const NO_WORKSPACE: &str = "there is no workspace yet";
pub(crate) const WRONG_LOGIN: &str = "the address or the password is wrong";
pub(crate) const NO_SUCH_KEY: &str = "there is no such key, or it is revoked already";
pub(crate) const LAST_ADMIN: &str = "this is the last administrator; make another one first";
pub(crate) const BAD_SOURCE: &str = "a source's name has 1 to 100 letters, digits or -_.:/ such as web-shop";
pub(crate) const RESERVED_SOURCE: &str =
    "this source is reserved for decisions made inside the product; choose another name";
pub(crate) const BAD_INVITATION: &str = "say for whom the invitation is, and choose a role";
pub(crate) const WRONG_PASSWORD: &str = "the present password is wrong";
pub(crate) const PASSWORD_CHANGED: &str = "the password was changed; other sessions were ended";
pub(crate) const NOT_CONFIRMED: &str = "write the word erase to confirm";
pub(crate) const LINK_CLOSED: &str = "this link was used already, or it is older than a day";
pub(crate) const NOBODY_KNOWN: &str = "Somebody without a name";
pub(crate) const BAD_MARGIN: &str = "the margin is a number of percent, such as 35; or leave it empty";
pub(crate) const WORKSPACE_CHANGED: &str = "the workspace was changed; figures are counted anew";
