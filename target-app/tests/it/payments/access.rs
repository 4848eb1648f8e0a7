//! Who may do what with a payment.

use shared::{
    api::{auth::Role, payments::PaymentView},
    ids::{BookingId, PaymentId},
    page::Page,
    paths,
    problem::Code,
};

use super::step::{REQUIRED, held, made};
use crate::support::{TestApp, student_id};

#[tokio::test]
async fn a_payment_exists_for_its_student_and_for_admins_alone() {
    let app = TestApp::with(&[REQUIRED])
        .after_sql(&format!(
            "update app_user set role = 'admin' where id = '{}'",
            student_id(9)
        ))
        .start()
        .await;
    let ann = app.student(1);
    let booking = held(&app, &ann).await;
    let payment = made(&ann, &booking).await;
    ann.payment(payment.id).await.ok::<PaymentView>();
    // The mentor who gives the lesson and another student.
    for other in [app.mentor(0), app.student(2)] {
        other.payment(payment.id).await.refused(Code::NotFound);
        other.confirm(payment.id).await.refused(Code::NotFound);
        other.refund(payment.id).await.refused(Code::NotFound);
        let listed: Page<PaymentView> = other.get(paths::PAYMENTS).await.ok();
        assert!(listed.items.is_empty());
    }
    app.student(2).pay(booking.id).await.refused(Code::NotFound);
    app.mentor(0).pay(booking.id).await.refused(Code::Forbidden);

    let admin = app.person(student_id(9), Role::Admin);
    let seen: PaymentView = admin.payment(payment.id).await.ok();
    assert_eq!(seen, payment);
    admin.pay(booking.id).await.refused(Code::Forbidden);
    admin.confirm(payment.id).await.refused(Code::NotFound);
    admin.refund(payment.id).await.refused(Code::PaymentNotOpen);

    let anyone = app.anonymous();
    anyone
        .get(&paths::with_id(paths::PAYMENT, payment.id))
        .await
        .refused(Code::Unauthenticated);
    ann.payment(PaymentId(uuid::Uuid::now_v7()))
        .await
        .refused(Code::NotFound);
    ann.pay(BookingId(uuid::Uuid::now_v7()))
        .await
        .refused(Code::NotFound);
    app.finish().await;
}
