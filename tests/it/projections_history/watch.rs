//! What is measured of providers, whatever it may be.

use rust_decimal::{Decimal, dec};
use signalbox::domain::{
    Balance, Position,
    calls::{CallFailureKind, CallSums, CallsCommand, EndedCall, MetText, ProviderCalls},
    provider::{BalanceWatch, Basis, Measures, Provider, ProviderCommand, Silence},
    refusal::{ErrorText, TextClass},
};

use super::{History, WORDS};

/// Half of all balances are low.
pub(super) const WATCH: BalanceWatch = BalanceWatch { hours: 24, amount: Some(dec!(500)) };

impl History {
    pub(super) fn observation(&mut self, provider: &Provider) -> ProviderCommand {
        match self.random.u32(0..5) {
            // It answers again.
            _ if provider.alarms.down => self.balance_read(),
            0 => ProviderCommand::Rank {
                measures: self.measures(),
                basis: Basis { position: Position(self.entries.len() as i64), as_of: self.time() },
            },
            1 => ProviderCommand::RecordSilence(Silence {
                failed_calls: self.random.i64(3..9),
                since: self.time(),
                reason: "connection refused".to_owned(),
            }),
            _ => self.balance_read(),
        }
    }

    fn balance_read(&mut self) -> ProviderCommand {
        ProviderCommand::RecordBalance {
            balance: self.balance(),
            response_ms: 120,
            read_at: self.time(),
            watch: WATCH,
        }
    }

    pub(super) fn balance(&mut self) -> Balance {
        Balance {
            amount: Decimal::new(self.random.i64(0..100_000), 2),
            currency: self.random.bool().then(|| "USD".to_owned()),
        }
    }

    /// A minute of calls, which counts once.
    pub(super) fn touch_calls(&mut self) {
        let mut sums = CallSums::default();
        for _ in 0..self.random.u32(0..9) {
            let kinds = [CallFailureKind::Refused, CallFailureKind::TimedOut];
            let failure = self.random.choice(kinds).filter(|_| self.random.bool());
            let action = *self.random.choice(&["add", "status", "balance"]).unwrap();
            let text = (action != "add" && failure == Some(CallFailureKind::Refused))
                .then(|| self.met_text());
            let duration_ms = self.random.i64(0..30_000);
            sums.take(EndedCall { action, failure, text: text.as_ref(), duration_ms });
        }
        let (provider_id, minute) = (self.provider(), self.time());
        let id = self.uuid().to_string();
        let command = CallsCommand::Sum { provider_id, minute, sums };
        self.record(&mut ProviderCalls::default(), &id, command);
    }

    /// Orders are answered with the same words.
    fn met_text(&mut self) -> MetText {
        let class = *self.random.choice(&[TextClass::Doubt, TextClass::Overload]).unwrap();
        MetText { text: ErrorText::of(self.random.choice(WORDS).unwrap()), class }
    }

    fn measures(&mut self) -> Measures {
        let placed = self.random.i64(0..100);
        let judged = placed + self.random.i64(0..20);
        let ended = self.random.i64(0..=placed);
        Measures {
            judged,
            placed,
            responses: judged,
            response_ms_sum: judged * self.random.i64(10..3000),
            ended,
            delivered_ppm_sum: ended * self.random.i64(0..=1_000_000),
        }
    }
}
