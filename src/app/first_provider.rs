//! The provider from the environment.

use super::FirstProvider;
use crate::{
    command::{AddProvider, CommandError, Commands, Snapshot},
    domain::provider::ProviderTerms,
};

/// Adds the provider with priority 1, unless any provider was ever added.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn add(commands: &Commands, first: FirstProvider) -> Result<(), CommandError> {
    if commands.catalogue().read(Snapshot::has_ever_had_a_provider) {
        return Ok(());
    }
    let FirstProvider { name, url: api_url, key: api_key } = first;
    let terms = ProviderTerms::default();
    match commands.add_provider(AddProvider { name, api_url, api_key, priority: 1, terms }).await {
        // Another process that starts at the same time was faster.
        Ok(_) | Err(CommandError::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
