//! Who was in which group, and on whose word.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::Source;
use scim_service::StoreError;
use serde_json::Value;

use crate::sql::Fragment;
use crate::store::Session;
use crate::undo::history::{By, PRINCIPAL, Scope};

/// How many records of the members of a group are read at once.
const PAGE: i64 = 100;

/// One record of a member that came into a group or left it.
struct Moved {
    position: i64,
    by: By,
    principal: String,
    /// Whether it came.
    came: bool,
}

impl Session<'_> {
    /// The records of a member of a group before this position, the newest first.
    async fn moves(
        &mut self,
        scope: &Scope<'_>,
        (group, member): (&str, &str),
        before: i64,
    ) -> Result<Vec<Moved>, StoreError> {
        // Ids have none of these; where one has, more rows are read.
        let pattern = format!("%\"{}\"%", member.replace(['%', '_', '\\'], "_"));
        let select = Fragment::new(
            "SELECT position, happened_at, principal, detail, request_id FROM scim_audit WHERE resource_id = ? AND tenant = ? \
             AND action = 'members' AND position < ? AND detail LIKE ? ORDER BY position DESC",
        )
        .bind(group)
        .bind(self.tenant)
        .bind(before)
        .bind(pattern);
        let mut moves = Vec::new();
        for row in self.transaction.rows(select).await? {
            let detail: Value = serde_json::from_str(&row.text(3)?).unwrap_or_default();
            let has = |name: &str| {
                let ids = detail.get(name).and_then(Value::as_array);
                ids.is_some_and(|ids| ids.iter().any(|id| id.as_str() == Some(member)))
            };
            let (position, principal) = (row.integer(0)?, row.text(2)?);
            let by = if position < scope.from {
                By::Other(principal.clone())
            } else {
                scope.by(principal.clone(), &row.text(4)?, &row.text(1)?)
            };
            if has("added") {
                moves.push(Moved { position, by, principal, came: true });
            } else if has("removed") {
                moves.push(Moved { position, by, principal, came: false });
            }
        }
        Ok(moves)
    }

    /// On whose word these were in a group, each before the record at its position. The records of the group are read once for all.
    pub(super) async fn words_for(
        &mut self,
        scope: &Scope<'_>,
        group: &str,
        members: &BTreeMap<&str, i64>,
    ) -> Result<BTreeMap<String, Source>, StoreError> {
        let mut words = BTreeMap::new();
        let mut before = members.values().copied().max().unwrap_or_default();
        // What a run puts back is on the word of somebody else.
        while words.len() < members.len() {
            let select = Fragment::new(
                "SELECT position, principal, detail FROM scim_audit WHERE resource_id = ? AND tenant = ? AND action = 'members' \
                 AND position < ? AND principal <> ? ORDER BY position DESC LIMIT ?",
            );
            let select = select.bind(group).bind(self.tenant).bind(before).bind(PRINCIPAL).bind(PAGE);
            let rows = self.transaction.rows(select).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                before = row.integer(0)?;
                let principal = row.text(1)?;
                let detail: Value = serde_json::from_str(&row.text(2)?).unwrap_or_default();
                let added = detail.get("added").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                for id in added.iter().filter_map(Value::as_str) {
                    if members.get(id).is_some_and(|position| before < *position) && !words.contains_key(id) {
                        words.insert(id.to_owned(), self.source_called(scope, Some(&principal)));
                    }
                }
            }
        }
        Ok(words)
    }

    /// On whose word a user who was deleted at this position, and was in the group then, is to be in it again. `None`: not at all, because
    /// somebody has decided over it since, or the client had put the user there.
    pub(super) async fn word_for_return(
        &mut self,
        scope: &Scope<'_>,
        pair: (&str, &str),
        deleted_at: i64,
    ) -> Result<Option<Source>, StoreError> {
        let moves = self.moves(scope, pair, i64::MAX).await?;
        // What the client did with a user who was gone is taken back, too.
        let decides = |moved: &&Moved| match moved.by {
            By::Client => false,
            By::Undo => moved.came,
            By::Other(_) => true,
        };
        let (later, moves): (Vec<_>, Vec<_>) = moves.into_iter().partition(|moved| moved.position > deleted_at);
        if later.iter().any(|moved| decides(&moved)) {
            return Ok(None);
        }
        let (mut is_in, mut earlier) = (true, None);
        for moved in &moves {
            if moved.by != By::Client {
                earlier = Some(moved);
                break;
            }
            is_in = !moved.came;
        }
        if !is_in {
            return Ok(None);
        }
        // Who put the user there before the client touched it.
        let from = earlier.map_or(0, |moved| moved.position + 1);
        // What a run puts back is on the word of somebody else.
        let mut earlier = moves.iter().filter(|moved| moved.position < from);
        let by = earlier.find(|moved| moved.came && moved.principal != PRINCIPAL);
        Ok(Some(self.source_called(scope, by.map(|moved| &*moved.principal))))
    }

    /// The source with this name. Where nobody knows it, or several have it, it is a client that nobody can name.
    pub(super) fn source_called(&self, scope: &Scope<'_>, principal: Option<&str>) -> Source {
        let Some(principal) = principal else { return Source::UnknownClient };
        if principal == scope.options.client() {
            return Source::client(principal);
        }
        let [client, provider] = [Source::client(principal), Source::provider(principal)];
        match (self.sources.contains(&client), self.sources.contains(&provider)) {
            (true, false) => client,
            (false, true) => provider,
            (true, true) => Source::UnknownClient,
            (false, false) => Source::Host,
        }
    }

    /// Who asserted a resource before the record at this position: who wrote something of it last that says who somebody is.
    pub(super) async fn asserted_before(
        &mut self,
        scope: &Scope<'_>,
        id: &str,
        before: i64,
    ) -> Result<Option<Source>, StoreError> {
        let select = Fragment::new(
            "SELECT principal, detail FROM scim_audit WHERE resource_id = ? AND tenant = ? AND position < ? \
             AND action IN ('create', 'update') ORDER BY position DESC LIMIT 100",
        );
        let select = select.bind(id).bind(self.tenant).bind(before);
        for row in self.transaction.rows(select).await? {
            let detail: Value = serde_json::from_str(&row.text(1)?).unwrap_or_default();
            let set = detail.get("set").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let says_who = set.iter().any(|name| !matches!(name.as_str(), Some("active" | "schemas" | "members")));
            let source = self.source_called(scope, Some(&*row.text(0)?));
            // The host speaks for nobody.
            if says_who && source != Source::Host {
                return Ok(Some(source));
            }
        }
        Ok(None)
    }

    /// Which of these are members of a group now.
    pub(super) async fn members_now(&mut self, group: &str, ids: &[&str]) -> Result<BTreeSet<String>, StoreError> {
        let select =
            Fragment::new("SELECT member_id FROM scim_member WHERE tenant = ? AND group_id = ? AND member_id IN ");
        let select = select.bind(self.tenant).bind(group).then(Fragment::list(ids.iter().copied()));
        let rows = self.transaction.rows(select).await?;
        Ok(rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?)
    }

    /// The types of those of these resources that are there.
    pub(super) async fn known_resources(&mut self, ids: &[&str]) -> Result<BTreeMap<String, String>, StoreError> {
        let select = Fragment::new("SELECT id, resource_type FROM scim_resource WHERE tenant = ? AND id IN ");
        let rows = self.transaction.rows(select.bind(self.tenant).then(Fragment::list(ids.iter().copied()))).await?;
        let mut known = BTreeMap::new();
        for row in rows {
            known.insert(row.text(0)?, row.text(1)?);
        }
        Ok(known)
    }
}
