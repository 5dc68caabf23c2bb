//! Load generator: signed KERI event streams and the truth about them.
//!
//! A [`Plan`] says what is to be made; a [`World`] makes it, chunk by chunk in bounded memory, the same bytes for the
//! same plan. What must come of the stream is known by construction and kept by [`ledger`], which shares nothing with
//! the engine. Secrets stay in [`keys`]: they are derived from the seed, zeroized on drop and never handed out. The
//! messages are made through [`controller::Controller`].
//!
//! # A run
//!
//! ```
//! use kelpipe_gen::{Output, Plan, Shape, World};
//!
//! let plan = Plan { aids: 3, events: 4, shapes: vec![Shape::Single], ..Plan::default() };
//! let (mut world, mut out) = (World::new(plan)?, Output::default());
//! while world.fill(64 << 10, &mut out) {}
//! assert_eq!((out.ends.len(), world.total().aids), (12, 3));
//! # Ok::<(), kelpipe_gen::Unsound>(())
//! ```
//!
//! # Controllers
//!
//! Two of three holders sign for an AID; it rotates, gets a delegate, and that one vouches for it.
//!
//! ```
//! use std::sync::Arc;
//!
//! use kelpipe_cesr::version::Kind;
//! use kelpipe_gen::attach::Attached;
//! use kelpipe_gen::body::Form;
//! use kelpipe_gen::controller::{Change, Controller, Inception};
//! use kelpipe_gen::key_plan::KeyPlan;
//! use kelpipe_gen::keys::Secrets;
//! use kelpipe_gen::ledger::{Kind as Waits, Ledger, Verdict};
//! use kelpipe_gen::message::{By, Message, signed};
//! use kelpipe_gen::random::Random;
//! use kelpipe_gen::threshold::Threshold;
//!
//! let form = Form { major: 1, kind: Kind::Json, binary: false, grouped: true };
//! let (secrets, mut random) = (Arc::new(Secrets::new(7)), Random::new(7, 0));
//! let begin = |owner, keys, enough, delegator| {
//!     let keys = KeyPlan::All(keys, Threshold::Number(enough));
//!     Inception { owner, keys, toad: 0, delegator, basic: false }
//! };
//! let (mut root, icp) = Controller::incept(&secrets, form, begin(0, 3, 2, None), Vec::new());
//! let start = root.clone();
//! let rot = root.rotate(&Change::default(), &[], &mut random);
//! let child = begin(1, 1, 1, Some(root.aid()));
//! let (child, dip) = Controller::incept(&secrets, form, child, Vec::new());
//! let anchor = root.interact(&[dip.seal()]);
//!
//! let mut ledger = Ledger::new(64);
//! let mut send = |message: Message| ledger.take(&message.fact);
//! let by = |signer: &Controller, event, holders: &[usize]| {
//!     let (attached, places) = signed(signer, event, holders);
//!     Message::event(form, event, &attached, places, Vec::new())
//! };
//! // The holders send their signatures apart.
//! assert_eq!(send(by(&start, &icp, &[0])), Verdict::Escrowed(Waits::PartialSignature));
//! assert_eq!(send(by(&start, &icp, &[2])), Verdict::Escrowed(Waits::PartialSignature));
//! assert_eq!(send(by(&root, &rot, &[0, 1])), Verdict::Accepted);
//! // The delegate waits for the event that anchors it.
//! assert_eq!(send(by(&child, &dip, &[0])), Verdict::Escrowed(Waits::PartialDelegation));
//! assert_eq!(send(by(&root, &anchor, &[1, 2])), Verdict::Accepted);
//! // A receipt by the delegate.
//! let (sn, said) = child.est().at;
//! let receipt = Some((child.aid(), sn, said, child.endorse(&anchor, &[0])));
//! let attached = Attached { receipt, ..Attached::default() };
//! let message = Message::receipt(form, &anchor, &attached, By::Transferable(child.aid(), sn, said));
//! assert!(message.bytes.starts_with(b"{\"v\":\"KERI10JSON"));
//! assert_eq!(send(message), Verdict::Accepted);
//! ```

#![forbid(unsafe_code)]

pub mod attach;
pub mod body;
pub mod controller;
pub mod event;
pub mod key_plan;
pub mod keys;
pub mod ledger;
pub mod message;
mod native;
pub mod plan;
pub mod random;
mod story;
pub mod threshold;
mod truth;
mod world;

pub use plan::{Plan, Shape, Unsound, Wire};
pub use truth::Total;
pub use world::{Output, World};
