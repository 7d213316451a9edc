//! What may happen to providers.

use signalbox::domain::{
    AttemptId, CredentialId, OrderId, ProviderId,
    provider::{
        Activation, Circuit, DeclaredUse, Dependents, Description, Dialect, Encoding, KeyPlace,
        KeyReference, LimitChanges, Provider, ProviderChanges, ProviderCommand, ProviderEvent,
        ProviderName, ProviderTerms, ProviderUrl, SyncInterval, UpstreamPolicy,
    },
};
use uuid::Uuid;

use super::{History, watch::WATCH};
use crate::projections_breaker::breaker_command;

impl History {
    pub(super) fn touch_provider(&mut self) {
        let id = ProviderId(Uuid::from_u128(0xa0 + self.random.u128(0..6)));
        let mut provider = self.providers.remove(&id).unwrap_or_default();
        if matches!(provider.breaker.circuit(), Circuit::HalfOpen { trial: None, .. }) {
            // Appended with the attempt of an order.
            let (order_id, attempt_id) = (OrderId(self.uuid()), AttemptId(self.uuid()));
            let trial = ProviderEvent::TrialStarted { order_id, attempt_id };
            self.note(&mut provider, &id.to_string(), &trial);
        }
        let command = self.provider_command(&provider);
        self.record(&mut provider, &id.to_string(), command);
        self.providers.insert(id, provider);
    }

    fn provider_command(&mut self, provider: &Provider) -> ProviderCommand {
        let some = self.random.u32(0..1000);
        let name = ProviderName::try_new(&format!("Panel {some}")).unwrap();
        let address = format!("https://panel-{some}.example/api/v2");
        let api_url = ProviderUrl::try_new(&address, UpstreamPolicy::PublicOnly).unwrap();
        let priority = self.random.i32(1..9);
        let key = KeyReference {
            credential_id: CredentialId(self.uuid()),
            hint: self.random.bool().then(|| format!("{some:04}")),
        };
        if !provider.exists() {
            return ProviderCommand::Add { name, api_url, priority, key };
        }
        if self.random.u32(0..3) > 0 {
            let now = self.time();
            return breaker_command(provider, now, &mut self.random);
        }
        match self.random.u32(0..18) {
            17 => {
                let account_use = match provider.exclusive_since {
                    Some(_) => DeclaredUse::Shared,
                    None => DeclaredUse::Exclusive { declared_at: self.time() },
                };
                ProviderCommand::Update(ProviderChanges {
                    account_use: Some(account_use),
                    ..Default::default()
                })
            }
            12.. => self.observation(provider),
            0 | 8 => ProviderCommand::Update(ProviderChanges {
                name: Some(name),
                api_url: Some(api_url),
                ..Default::default()
            }),
            1 | 7 => ProviderCommand::Update(ProviderChanges {
                priority: Some(priority),
                key: Some(key),
                sync_interval: SyncInterval::try_new(self.random.i32(0..3)).ok(),
                terms: self.terms(),
                ..Default::default()
            }),
            2..5 => ProviderCommand::Toggle,
            5 => ProviderCommand::SetActive(Activation::Active),
            // It is gone for good then.
            6 if self.random.bool() => {
                ProviderCommand::Delete(Dependents { services: 0, open_orders: 0 })
            }
            _ => {
                let outcome = if self.random.bool() {
                    Ok(self.balance())
                } else {
                    Err("Invalid API key".to_owned())
                };
                ProviderCommand::RecordConnectionTest {
                    outcome,
                    response_ms: 120,
                    tested_at: self.time(),
                    watch: WATCH,
                }
            }
        }
    }

    fn terms(&mut self) -> ProviderTerms {
        let description = ["", "Monday", "Friday"][self.random.usize(0..3)];
        let dialects = [
            Dialect::default(),
            Dialect { encoding: Encoding::Json, ..Dialect::default() },
            Dialect { key_place: KeyPlace::Bearer, ..Dialect::default() },
        ];
        ProviderTerms {
            description: Description::try_new(description).ok(),
            dialect: Some(dialects[self.random.usize(0..3)]),
            limits: LimitChanges {
                concurrent_calls: Some(self.random.bool().then_some(8)),
                order_timeout_s: Some(self.random.bool().then_some(45)),
                ..LimitChanges::default()
            },
        }
    }
}
