//! The words of the interface, in English. Templates hold the words of their own page; what code
//! says stands here.

pub(crate) const DO_MEND_REQUEST: &str = "mend the request and send it again";
pub(crate) const DO_GIVE_KEY: &str = "send `Authorization: Bearer <key>`; an administrator makes keys under Data";
pub(crate) const DO_COMPARE_SECRET: &str = "compare the secret on the page of the source with the sender's";
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
pub(crate) const BAD_END: &str = "an initiative lasts at least seven days and at most five years";
pub(crate) const BAD_INITIATIVE: &str = "say what will be done, by whom, and what is to come down";
pub(crate) const BAD_TARGET: &str = "the target is a number of percent between 0 and 100, such as 4.5";
pub(crate) const BAD_COST: &str = "the cost is an amount such as 1200 or 1200.50; or leave it empty";
pub(crate) const NO_SUCH_INITIATIVE: &str = "there is no such initiative";
pub(crate) const INITIATIVE_IS_OVER: &str = "the initiative does not stand as it did, or it is over; look at its page";
pub(crate) const BAD_QUESTION: &str = "choose what to ask";
pub(crate) const NO_SUCH_LINK: &str = "this link is not known here, or a part of it is missing";
pub(crate) const LINK_SAYS_NOTHING: &str = "This link leads nowhere any more. There is nothing you need to do.";
pub(crate) const LINK_OVER: &str = "This question is closed by now. Thank you all the same for wanting to answer.";
pub(crate) const ANSWERED_ALREADY: &str = "You have answered already. Thank you, your answer is safe with us.";
pub(crate) const THANKS: &str = "Thank you. Your answer has arrived.";
pub(crate) const CHOOSE_ANSWER: &str = "Choose one of the answers first.";
pub(crate) const ASK_STARS: &str = "How was it?";
pub(crate) const STARS_LOW: &str = "bad";
pub(crate) const STARS_HIGH: &str = "very good";
pub(crate) const ASK_RECOMMEND: &str = "How likely would you recommend us to somebody you know?";
pub(crate) const RECOMMEND_LOW: &str = "not at all likely";
pub(crate) const RECOMMEND_HIGH: &str = "very likely";
pub(crate) const ASK_EASY: &str = "We made it easy for you to get what you wanted.";
pub(crate) const EASY_LOW: &str = "strongly disagree";
pub(crate) const EASY_HIGH: &str = "strongly agree";
pub(crate) const BAD_VIEW: &str = "a view needs a name, and a page of this console";
pub(crate) const NO_SUCH_PLACE: &str = "there is no such place, or it is looked at no more";
pub(crate) const PEOPLE_ALONE: &str = "no column says when something happened, so this is read as a list of customers: it tells who they are, and nobody counts as seen because of it; bring their orders too";
pub(crate) const NO_SUCH_VIEW: &str = "there is no such view, or it is somebody else's";
pub(crate) const NO_WORKSPACE: &str = "there is no workspace yet";
pub(crate) const WRONG_LOGIN: &str = "the address or the password is wrong";
pub(crate) const NO_SUCH_KEY: &str = "there is no such key, or it is revoked already";
/// A form that says neither.
pub(crate) const NO_VERDICT: &str = "say whether they are taken in or left out";
/// A source that nobody has a key for and that has sent nothing.
pub(crate) const NO_SUCH_SOURCE: &str = "there is no such source; make a key for it on the Data page";
pub(crate) const NO_SUCH_HOOK: &str = "there is no such webhook; it may have been removed";
pub(crate) const NOBODYS_STORY: &str = "this tells nobody's story and was left out";
pub(crate) const A_TEST_DELIVERY: &str = "a test delivery was understood and left out";
pub(crate) const BAD_HOOK: &str = "choose what delivers; a secret has at most 400 letters, and a recipe at most 64 KB";
pub(crate) const NO_HOOK_SECRET: &str =
    "paste the secret that the sender shows for its webhooks: without it anybody could make up orders";
pub(crate) const NO_HOOK_RECIPE: &str = "write a recipe that says what the fields of a delivery mean";
pub(crate) const BAD_LINK: &str = "choose what it is, and give it a name";
pub(crate) const BAD_LINK_ABOUT: &str =
    "what it is about has a kind and a value, such as product and lamp-7; or leave both empty";
pub(crate) const BAD_KIOSK: &str = "a kiosk asks something; choose what";
pub(crate) const BAD_TARGET_ADDRESS: &str =
    "write where it leads, such as https://shop.example/care, or choose what it asks";
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
pub(crate) const BAD_HOUR: &str = "an hour is a number from 0 to 23";
pub(crate) const BAD_ALERT: &str = "choose what to tell and how, and write where";
pub(crate) const BAD_ADDRESS: &str = "write an e-mail address such as ana@example.org";
pub(crate) const ALERT_ADDED: &str = "the alert was added; what stands on Today now is known and will not be told";
pub(crate) const NO_SUCH_ALERT: &str = "there is no such alert";
pub(crate) const NO_SUCH_LETTER: &str = "there is no such letter; it may have left by now";
pub(crate) const EXAMPLE: &str = "This is a test: nothing has changed";
pub(crate) const TEST_SENT: &str = "the test was taken at the other end";
pub(crate) const TEST_SUBJECT: &str = "Throughline: a test";
pub(crate) const TEST_MAIL: &str = "Mail can leave. Nothing else is meant by this.";
pub(crate) const MAIL_SENT: &str = "the mail server took the test mail; look into the mailbox";
pub(crate) const TRIED_AGAIN: &str = "it was tried again; if it stands below once more, read why";
pub(crate) const BAD_MARGIN: &str = "the margin is a number of percent, such as 35; or leave it empty";
pub(crate) const WORKSPACE_CHANGED: &str = "the workspace was changed; figures are counted anew";
