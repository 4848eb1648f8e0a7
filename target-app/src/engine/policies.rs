//! Policies: the choices that services and layers make at run time.
//!
//! They are built once per engine, consulted by the code that acts on them, and reported from
//! here, so that what is reported is what the code sees.

use shared::profile::{
    Compression, Fanout, ListQuery, LoginQueries, OnOff, Pagination, PaymentRule, Persistence,
    Profile, Strategy, SwitchReading, Total, WholeNumber,
};
use shared::time::Millis;

macro_rules! policies {
    ($(
        $(#[doc = $doc:literal])+
        $field:ident: $name:ident {
            $( $(#[doc = $choice_doc:literal])+ $choice:ident: $ty:ty = $source:ident, $path:literal; )+
        }
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq)]
            pub struct $name { $( $(#[doc = $choice_doc])+ pub $choice: $ty, )+ }
        )+

        /// The policies of one engine.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct Policies { $( $(#[doc = $doc])+ pub $field: $name, )+ }

        impl Policies {
            /// The policies of a profile.
            pub fn new(profile: &Profile) -> Self {
                Self { $( $field: $name { $( $choice: profile.$source, )+ }, )+ }
            }

            /// The switches of all policies.
            pub fn readings(&self) -> Vec<SwitchReading> {
                vec![ $( $( SwitchReading::new($path, self.$field.$choice), )+ )+ ]
            }
        }
    };
}

policies! {
    /// How mentor lists are read.
    mentors: MentorListPolicy {
        /// Shape of the list query.
        query: ListQuery = mentors_query, "mentors.query";
        /// How a list continues on the next page.
        pagination: Pagination = mentors_pagination, "mentors.pagination";
        /// Whether a list says how many mentors there are in all.
        total: Total = mentors_total, "mentors.total";
    }
    /// How a login reads the account.
    login: LoginPolicy {
        /// One statement for each table, or one for all.
        queries: LoginQueries = auth_login_queries, "auth.login_queries";
    }
    /// How bookings are made.
    bookings: BookingPolicy {
        /// How the capacity of a slot is guarded.
        strategy: Strategy = bookings_strategy, "bookings.strategy";
        /// Whether repeated bookings with one key have one effect.
        idempotency: OnOff = bookings_idempotency, "bookings.idempotency";
        /// Whether a booking is a hold until it is paid.
        payment: PaymentRule = bookings_payment, "bookings.payment";
        /// How long it is held unpaid.
        hold: Millis = bookings_hold, "bookings.hold";
    }
    /// How chat messages are kept.
    chat: ChatPolicy {
        /// A commit for each message, or for a batch.
        persistence: Persistence = chat_persistence, "chat.persistence";
        /// Whether messages reach the members on other instances.
        fanout: Fanout = chat_fanout, "chat.fanout";
    }
    /// What is written beside the change that a request asks for.
    notifications: NotificationPolicy {
        /// Whether bookings, payments and sessions write notifications.
        write: OnOff = notifications_write, "notifications.write";
    }
    /// What the HTTP layers add to every request.
    http: HttpPolicy {
        /// How JSON answers are compressed.
        compression: Compression = http_compression, "http.compression";
        /// Deliberate slowness, in per cent of what the request took.
        slowdown: WholeNumber<0, 1000> = lab_slowdown, "lab.slowdown";
    }
}
