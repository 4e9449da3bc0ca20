//! A registry of one's own on loopback, and nodes of it.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crypto::{AuthorityCertificate, NodeCertificate, Request, SigningKey, introduce};
use gossip::{Contact, Endpoint, Parameters};
use registry::client::{self, Client, Enrolled, Problem};
use registry::{Change, Error, Founded, Invitation, Options, init, invite, serve};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use ureq::http;
use ureq::tls::TlsConfig;
use words::{Carrier, Carriers, Wall};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// Elections each second, of two nodes of each mesh.
pub(crate) const HASTY: Change =
    Change { epoch: Some(Duration::from_secs(1)), border: None, least: Some(2), tenure: None };

/// A registry that is served until it is dropped.
pub(crate) struct Town {
    folder: TempDir,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<Result<(), Error>>>,
}

pub(crate) fn options() -> Options {
    Options {
        network: Some("fd00:42::/48".parse().unwrap()),
        listen: "127.0.0.1:0".parse().unwrap(),
        public: vec!["127.0.0.1:8443".to_owned()],
        parameters: Parameters::default(),
        division: None,
    }
}

/// Makes a registry, and adds to its settings.
pub(crate) fn found(directory: &Path, settings: &str) -> Founded {
    let founded = init(directory, &options()).unwrap();
    let file = directory.join("registry.toml");
    let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(settings.as_bytes()).unwrap();
    founded
}

impl Town {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    pub(crate) fn with(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        found(folder.path(), settings);
        Self::serving(folder)
    }

    /// Serves a registry that was made before.
    pub(crate) fn serving(folder: TempDir) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = std::sync::mpsc::channel();
        let directory = folder.path().to_owned();
        let served = std::thread::spawn(move || {
            let told = async {
                let _ = stopped.await;
            };
            serve(&directory, |address| ready.send(address).unwrap(), told)
        });
        let address = address.recv_timeout(Duration::from_secs(10)).unwrap();
        Self { folder, address, stop: Some(stop), served: Some(served) }
    }

    /// Stops the server; it is served again when this returns.
    pub(crate) fn restart(mut self) -> Self {
        self.stop().unwrap();
        let nowhere = tempfile::tempdir().unwrap();
        Self::serving(std::mem::replace(&mut self.folder, nowhere))
    }

    pub(crate) fn directory(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn invite(&self, uses: u32) -> Invitation {
        let invitation = invite(self.directory(), HOUR, uses).unwrap();
        Invitation { addresses: vec![self.address.to_string()], ..invitation }
    }

    /// Lets a new node in.
    pub(crate) fn node(&self) -> Node {
        let key = SigningKey::generate().unwrap();
        let invitation = self.invite(1);
        let ca = client::fetch_ca(&invitation).unwrap();
        let enrolled = enrol(&invitation, &ca, &key).unwrap();
        let certificate = NodeCertificate::from_pem(ca.network(), &enrolled.certificate).unwrap();
        let addresses = invitation.addresses;
        let copy = SigningKey::from_pem(&key.pem()).unwrap();
        let client = Client::new(addresses, ca, certificate.clone(), copy).unwrap();
        Node { client, certificate, key }
    }

    /// Lets a node in that tells how it is reached.
    pub(crate) fn newcomer(&self) -> Node {
        let node = self.node();
        node.client.publish(&node.introduction()).unwrap();
        node
    }

    /// Stops the server, and returns what it says.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        drop(self.stop.take());
        self.served.take().map_or(Ok(()), |served| served.join().unwrap())
    }

    /// Sends any request; nothing is verified.
    pub(crate) fn send(
        &self,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Result<(u16, Value), ureq::Error> {
        self.send_with(method, target, body, &[])
    }

    pub(crate) fn send_with(
        &self,
        method: &str,
        target: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Result<(u16, Value), ureq::Error> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("https://{}{target}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut said = agent().run(request.body(body).unwrap())?;
        let text = said.body_mut().read_to_string()?;
        Ok((said.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn agent() -> ureq::Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .disable_verification(true)
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .new_agent()
}

pub(crate) fn enrol(
    invitation: &Invitation,
    ca: &AuthorityCertificate,
    key: &SigningKey,
) -> Result<Enrolled, Problem> {
    client::enrol(invitation, ca, &Request::write(key).unwrap())
}

pub(crate) struct Node {
    pub(crate) client: Client,
    pub(crate) certificate: NodeCertificate,
    pub(crate) key: SigningKey,
}

impl Node {
    pub(crate) fn contact(&self, issued: Wall) -> Contact {
        let address = "203.0.113.9:6326".parse().unwrap();
        Contact {
            node: self.certificate.node,
            issued,
            key: [7; 32],
            endpoints: vec![Endpoint { carrier: Carrier::Udp, address }],
            carriers: Carriers::of([Carrier::Udp]),
            country: None,
            capacity: None,
            escaped: false,
            merges: true,
        }
    }

    pub(crate) fn introduction(&self) -> Vec<u8> {
        self.introduces(&self.contact(linux::Clock::wall()))
    }

    pub(crate) fn introduces(&self, contact: &Contact) -> Vec<u8> {
        introduce(&self.certificate, contact, &self.key).unwrap().encode().unwrap()
    }
}
