//! What happens to orders in doubt in a random history.

use fastrand::Rng;
use signalbox::domain::{
    AttemptId,
    order::{Evidence, EvidenceSource, GivenUpAs, OrderCommand},
    service::DoubtPolicy,
};

/// Looks at an attempt; the same is seen again and again.
pub(crate) fn look(random: &mut Rng, attempt_id: AttemptId) -> OrderCommand {
    let evidence = Evidence {
        asked: EvidenceSource::Balance,
        answered: format!("{} now", random.u32(0..9)),
        follows: "held".to_owned(),
    };
    OrderCommand::RecordEvidence { attempt_id, evidence: vec![evidence] }
}

pub(crate) fn given_up_as(random: &mut Rng) -> GivenUpAs {
    *random.choice(&[GivenUpAs::ReturnCharge, GivenUpAs::AcceptRisk]).unwrap()
}

pub(crate) fn policy(random: &mut Rng) -> DoubtPolicy {
    let given_up_as = random.bool().then(|| given_up_as(random));
    DoubtPolicy::try_new(given_up_as, given_up_as.map(|_| 60)).unwrap()
}
