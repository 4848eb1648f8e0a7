//! A headless Chromium, driven over DevTools, for the tests of what people look at.
//!
//! Each test starts its own, with a fresh profile. One that measures a page has it alone: while
//! another draws it would wait for the processor. What a page complains of (console,
//! exceptions, the log of the network and of the content security policy) and every request it
//! makes are kept. No name but this machine's is resolved, so that nothing leaves it.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use chromiumoxide::{
    BrowserConfig,
    cdp::{
        browser_protocol::{
            emulation::{MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams},
            input::{DispatchKeyEventParams, DispatchKeyEventType},
            log::EventEntryAdded,
            network::EventRequestWillBeSent,
            page::{
                CaptureScreenshotFormat, EventJavascriptDialogOpening,
                HandleJavaScriptDialogParams, PrintToPdfParams, Viewport as Clip,
            },
        },
        js_protocol::runtime::{EvaluateParams, EventConsoleApiCalled, EventExceptionThrown},
    },
    handler::viewport::Viewport,
    page::ScreenshotParams,
};
use futures_util::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::{runtime::Runtime, time::timeout};

/// Longest that Chromium may take to start or to answer, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// Width of a desk's window in CSS pixels.
pub(crate) const DESK: u32 = 1280;
/// Width of a telephone's.
pub(crate) const PHONE: u32 = 390;

/// Which tests have a Chromium now, or the only one that has.
static TURN: RwLock<()> = RwLock::new(());

/// A running Chromium; killed with its profile when it is dropped.
pub(crate) struct Browser {
    runtime: Runtime,
    inner: Option<chromiumoxide::Browser>,
    profile: TempDir,
    /// One of these two is held.
    _beside: Option<RwLockReadGuard<'static, ()>>,
    _alone: Option<RwLockWriteGuard<'static, ()>>,
}

/// What a page was heard to do.
#[derive(Debug, Default)]
struct Heard {
    complaints: Vec<String>,
    requests: Vec<String>,
    questions: Vec<String>,
}

/// One tab.
pub(crate) struct Page<'a> {
    runtime: &'a Runtime,
    inner: chromiumoxide::Page,
    heard: Arc<Mutex<Heard>>,
}

fn executable() -> PathBuf {
    if let Some(named) = env::var_os("CHROMIUM") {
        return named.into();
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| env::split_paths(&folders).map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
        .expect("no Chromium here: install the package `chromium` (`make setup-test` does), or name one in $CHROMIUM")
}

impl Browser {
    /// Starts one, beside those of other tests.
    pub(crate) fn start() -> Self {
        let turn = TURN.read().unwrap_or_else(PoisonError::into_inner);
        Self::started(Some(turn), None)
    }

    /// Starts one as soon as no other test has one, and keeps it the only one.
    pub(crate) fn alone() -> Self {
        let turn = TURN.write().unwrap_or_else(PoisonError::into_inner);
        Self::started(None, Some(turn))
    }

    fn started(
        beside: Option<RwLockReadGuard<'static, ()>>,
        alone: Option<RwLockWriteGuard<'static, ()>>,
    ) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let config = BrowserConfig::builder()
            .chrome_executable(executable())
            .user_data_dir(profile.path())
            .no_sandbox()
            .viewport(Viewport {
                width: DESK,
                height: 900,
                ..Viewport::default()
            })
            .launch_timeout(PATIENCE)
            .request_timeout(PATIENCE)
            .disable_default_args()
            .args([
                "disable-gpu",
                "disable-quic",
                "no-first-run",
                // A page that scrolls slowly to the focus has not arrived when it is looked at.
                "force-prefers-reduced-motion",
                "disable-background-networking",
                "disable-component-update",
                "disable-sync",
                "disable-default-apps",
                "disable-dev-shm-usage",
            ])
            .arg(("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"))
            .build()
            .unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (inner, mut handler) = runtime
            .block_on(chromiumoxide::Browser::launch(config))
            .expect("Chromium starts");
        runtime.spawn(async move { while handler.next().await.is_some() {} });
        Self {
            runtime,
            inner: Some(inner),
            profile,
            _beside: beside,
            _alone: alone,
        }
    }

    /// An empty tab.
    pub(crate) fn page(&self) -> Page<'_> {
        let browser = self.inner.as_ref().unwrap();
        let heard = Arc::<Mutex<Heard>>::default();
        let inner = self.runtime.block_on(async {
            let page = browser.new_page("about:blank").await.unwrap();
            listen(&page, &heard).await;
            page
        });
        Page {
            runtime: &self.runtime,
            inner,
            heard,
        }
    }

    /// A tab with this page in it.
    pub(crate) fn open(&self, url: &str) -> Page<'_> {
        let page = self.page();
        page.go(url);
        page
    }

    /// A folder for what the pages of this test are made from, gone with the browser.
    pub(crate) fn folder(&self) -> PathBuf {
        let folder = self.profile.path().join("pages");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let mut browser = self.inner.take().unwrap();
        self.runtime.block_on(async {
            let _asked = timeout(Duration::from_secs(5), browser.close()).await;
            if timeout(Duration::from_secs(5), browser.wait())
                .await
                .is_err()
            {
                let _killed = browser.kill().await;
            }
        });
    }
}

/// Writes down every event of one kind, as `record` writes it.
fn keep<T: Send + Sync + 'static>(
    mut events: impl Stream<Item = Arc<T>> + Unpin + Send + 'static,
    heard: &Arc<Mutex<Heard>>,
    record: impl Fn(&mut Heard, &T) + Send + 'static,
) {
    let heard = Arc::clone(heard);
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            record(&mut heard.lock().unwrap(), &event);
        }
    });
}

async fn listen(page: &chromiumoxide::Page, heard: &Arc<Mutex<Heard>>) {
    let console = page
        .event_listener::<EventConsoleApiCalled>()
        .await
        .unwrap();
    keep(console, heard, |heard, event| {
        let words = event.args.iter().map(|one| match &one.value {
            Some(value) => value.to_string(),
            None => one.description.clone().unwrap_or_default(),
        });
        let said = words.collect::<Vec<_>>().join(" ");
        heard.complaints.push(format!("console: {said}"));
    });
    let thrown = page.event_listener::<EventExceptionThrown>().await.unwrap();
    keep(thrown, heard, |heard, event| {
        let details = &event.exception_details;
        let what = details
            .exception
            .as_ref()
            .and_then(|one| one.description.as_ref());
        let said = what.unwrap_or(&details.text);
        heard.complaints.push(format!("exception: {said}"));
    });
    let log = page.event_listener::<EventEntryAdded>().await.unwrap();
    keep(log, heard, |heard, event| {
        let said = format!("log: {}", event.entry.text);
        heard.complaints.push(said);
    });
    let requests = page
        .event_listener::<EventRequestWillBeSent>()
        .await
        .unwrap();
    keep(requests, heard, |heard, event| {
        heard.requests.push(event.request.url.clone());
    });
    // A question (`confirm`) stops the page until it is answered: always with yes.
    let mut asked = page
        .event_listener::<EventJavascriptDialogOpening>()
        .await
        .unwrap();
    let (page, heard) = (page.clone(), Arc::clone(heard));
    tokio::spawn(async move {
        while let Some(event) = asked.next().await {
            heard.lock().unwrap().questions.push(event.message.clone());
            let _gone = page.execute(HandleJavaScriptDialogParams::new(true)).await;
        }
    });
}

impl Page<'_> {
    /// Opens it and waits until it is loaded.
    pub(crate) fn go(&self, url: &str) {
        self.runtime.block_on(self.inner.goto(url)).unwrap();
    }

    /// What an expression comes to; a promise is waited for.
    pub(crate) fn eval<T: DeserializeOwned>(&self, expression: &str) -> T {
        let asked = EvaluateParams::builder()
            .expression(expression)
            .await_promise(true)
            .return_by_value(true)
            .build()
            .unwrap();
        let answer = self
            .runtime
            .block_on(self.inner.execute(asked))
            .unwrap()
            .result;
        if let Some(thrown) = answer.exception_details {
            panic!("`{expression}` throws {thrown:?}");
        }
        let value = answer.result.value.unwrap_or_default();
        serde_json::from_value(value.clone())
            .unwrap_or_else(|error| panic!("`{expression}` is {value}: {error}"))
    }

    /// Waits until an expression is true; fails with its text where it does not become so.
    pub(crate) fn until(&self, expression: &str) {
        for _ in 0..1_200 {
            if self.eval::<bool>(&format!("Boolean({expression})")) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("never true: `{expression}`; heard: {:?}", self.complaints());
    }

    /// Presses and lets go of a key: `Tab`, `Enter`, or `Space`.
    pub(crate) fn press(&self, key: &str) {
        let (code, name, text) = match key {
            "Tab" => (9, "Tab", None),
            "Enter" => (13, "Enter", Some("\r")),
            "Space" => (32, " ", Some(" ")),
            other => panic!("no key {other}"),
        };
        let event = |kind: DispatchKeyEventType| {
            let event = DispatchKeyEventParams::builder()
                .r#type(kind.clone())
                .key(name)
                .code(key)
                .windows_virtual_key_code(code);
            match (text, matches!(kind, DispatchKeyEventType::KeyUp)) {
                (Some(text), false) => event.text(text),
                _ => event,
            }
            .build()
            .unwrap()
        };
        let down = match text {
            Some(_) => DispatchKeyEventType::KeyDown,
            None => DispatchKeyEventType::RawKeyDown,
        };
        self.runtime.block_on(async {
            self.inner.execute(event(down)).await.unwrap();
            self.inner
                .execute(event(DispatchKeyEventType::KeyUp))
                .await
                .unwrap();
        });
    }

    /// Presses the middle of the first element that the selector finds, as a mouse does.
    pub(crate) fn click(&self, selector: &str) {
        self.runtime.block_on(async {
            let found = self.inner.find_element(selector).await;
            let found = found.unwrap_or_else(|error| panic!("no {selector}: {error}"));
            found.click().await.unwrap();
        });
    }

    /// A window of this size in CSS pixels.
    pub(crate) fn size(&self, width: u32, height: u32) {
        let size = SetDeviceMetricsOverrideParams::new(width, height, 1.0, width == PHONE);
        self.runtime.block_on(self.inner.execute(size)).unwrap();
    }

    /// What the reader likes (`light`, `dark`), and the medium (`screen`, `print`).
    pub(crate) fn prefer(&self, scheme: &str, medium: &str) {
        let features = [
            ("prefers-color-scheme", scheme),
            ("prefers-reduced-motion", "reduce"),
        ];
        let media = SetEmulatedMediaParams::builder()
            .media(medium)
            .features(features.map(|(name, value)| MediaFeature::new(name, value)))
            .build();
        self.runtime.block_on(self.inner.execute(media)).unwrap();
    }

    /// The bytes of the page on paper.
    pub(crate) fn print(&self) -> Vec<u8> {
        let paper = PrintToPdfParams::builder().print_background(true).build();
        self.runtime.block_on(self.inner.pdf(paper)).unwrap()
    }

    /// The whole page as a picture, in `target/screenshots/NAME.png`.
    pub(crate) fn screenshot(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let height: f64 = self.eval("document.documentElement.scrollHeight");
        let width: f64 = self.eval("innerWidth");
        let picture = self.picture([0.0, 0.0, width, height.min(8_000.0)]);
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }

    /// A part of the page (left, top, width, height in CSS pixels of the page) as a PNG.
    pub(crate) fn picture(&self, part: [f64; 4]) -> Vec<u8> {
        let [left, top, width, height] = part;
        let shot = ScreenshotParams::builder()
            .format(CaptureScreenshotFormat::Png)
            .clip(Clip {
                x: left,
                y: top,
                width,
                height,
                scale: 1.0,
            })
            .capture_beyond_viewport(true)
            .build();
        self.runtime.block_on(self.inner.screenshot(shot)).unwrap()
    }

    /// What it complained of so far.
    pub(crate) fn complaints(&self) -> Vec<String> {
        // What is under way when the question is asked arrives before its answer does.
        self.eval::<bool>("new Promise((done) => setTimeout(() => done(true), 50))");
        self.heard.lock().unwrap().complaints.clone()
    }

    /// Every address that it asked for, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.heard.lock().unwrap().requests.clone()
    }

    /// What it asked its reader with a dialog; the answer was always yes.
    pub(crate) fn questions(&self) -> Vec<String> {
        self.heard.lock().unwrap().questions.clone()
    }
}
