//! A population: its users, its groups, and who is in which.

use crate::identity::ResourceId;
use crate::population::random::Random;
use crate::population::{group, person};
use crate::resource::Resource;

/// Users and groups that follow from a seed: see the [module](crate::population).
///
/// The same seed and number give the same users in every release of the same minor version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Population {
    seed: u64,
    users: usize,
}

/// What of a population is drawn: each has numbers of its own.
const ID: u64 = 1;
const PERSON: u64 = 2;
const MEMBERS: u64 = 3;
const GROUP_ID: u64 = 4;

impl Population {
    /// A population of so many users.
    pub fn new(seed: u64, users: usize) -> Self {
        Self { seed, users }
    }

    /// The users, from number 0 up, each made when the iterator comes to it.
    ///
    /// ```
    /// use scim_core::population::Population;
    ///
    /// let company = Population::new(1, 1_000_000);
    /// assert_eq!(company.users().len(), 1_000_000);
    /// assert_eq!(company.users().nth(999), Some(company.user(999)));
    /// ```
    pub fn users(self) -> impl ExactSizeIterator<Item = Resource> + Clone {
        (0..self.users).map(move |number| self.user(number))
    }

    /// The user of this number: what a client sends to create it, without `id`.
    ///
    /// `userName` and `externalId` are unique and ASCII. Every user but number 0 has a manager, who has a smaller number, so that users who are
    /// created in their order find their managers there.
    ///
    /// ```
    /// use scim_core::population::Population;
    /// use scim_core::urn;
    ///
    /// let company = Population::new(1, 10);
    /// let manager = company.manager_of(9).unwrap();
    /// let user = company.user(9);
    /// let named = user.get(urn::ENTERPRISE_USER).and_then(|values| values.get("manager")?.get("value"));
    /// assert_eq!(named.unwrap(), company.id(manager).as_str());
    /// ```
    pub fn user(self, number: usize) -> Resource {
        let manager = self.manager_of(number).map(|manager| self.id(manager));
        person::user(&mut Random::of(self.seed, PERSON, number), number, manager.as_ref())
    }

    /// The number of a user's manager, to whom up to eight users report. `None` for number 0.
    pub fn manager_of(self, number: usize) -> Option<usize> {
        const REPORTS: usize = 8;
        number.checked_sub(1).map(|before| before / REPORTS)
    }

    /// The id by which managers and members name the user of this number: a UUID.
    ///
    /// ```
    /// use scim_core::population::Population;
    ///
    /// let company = Population::new(1, 10);
    /// let mut stored = company.user(3);
    /// stored.set_id(&company.id(3));
    /// assert_eq!(stored.id().map(|id| id.len()), Some(36));
    /// ```
    pub fn id(self, number: usize) -> ResourceId {
        person::uuid(&mut Random::of(self.seed, ID, number))
    }

    /// The same for the group of this number.
    pub fn group_id(self, number: usize) -> ResourceId {
        person::uuid(&mut Random::of(self.seed, GROUP_ID, number))
    }

    /// Groups of these sizes, from number 0 up, whose members are named by [`id`](Self::id). A group has no more members than there
    /// are users.
    ///
    /// ```
    /// use scim_core::population::Population;
    ///
    /// let company = Population::new(1, 500);
    /// let sizes: Vec<usize> = company
    ///     .groups([0, 20, 1_000])
    ///     .map(|group| group.get("members").map_or(0, |members| members.elements().count()))
    ///     .collect();
    /// assert_eq!(sizes, [0, 20, 500]);
    /// ```
    pub fn groups(self, sizes: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Resource> {
        let groups = sizes.into_iter().enumerate();
        groups.map(move |(number, size)| {
            self.group(number, self.member_numbers(number, size).map(|member| self.id(member)))
        })
    }

    /// The numbers of the users who are in the group of this number, where it has so many members: distinct, in no order, and all
    /// users where it has as many or more.
    ///
    /// ```
    /// use scim_core::population::Population;
    ///
    /// let company = Population::new(1, 500);
    /// assert_eq!(company.member_numbers(0, 20).len(), 20);
    /// assert!(company.member_numbers(0, 20).all(|number| number < 500));
    /// ```
    pub fn member_numbers(self, group: usize, size: usize) -> impl ExactSizeIterator<Item = usize> + Clone {
        group::members(Random::of(self.seed, MEMBERS, group), self.users, size)
    }

    /// The group of this number with these users as members: what a client sends to create it, without `id`.
    ///
    /// ```
    /// use scim_core::population::Population;
    ///
    /// let group = Population::new(1, 0).group(0, ["issued-1", "issued-2"]);
    /// let second = group.get("members").and_then(|members| members.elements().nth(1)?.get("value"));
    /// assert_eq!(second.unwrap(), "issued-2");
    /// ```
    pub fn group(self, number: usize, members: impl IntoIterator<Item: ToString>) -> Resource {
        group::group(number, members)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::urn;
    use crate::{Checker, SchemaSet, Tolerance};

    #[test]
    fn every_user_and_group_is_accepted_as_it_is() {
        let (company, schemas) = (Population::new(42, 2_000), SchemaSet::builtin());
        let checked = |of, resource: &Resource| {
            let body = resource.as_value().to_value();
            Checker::new(of, &mut Tolerance::rfc()).resource(body).unwrap()
        };
        for user in company.users() {
            assert_eq!(checked(schemas.user().unwrap(), &user), user);
        }
        for group in company.groups([0, 1, 7, 500]) {
            assert_eq!(checked(schemas.group().unwrap(), &group), group);
        }
    }

    #[test]
    fn a_user_has_about_650_bytes_of_json() {
        let sizes = Population::new(3, 10_000).users().map(|user| serde_json::to_string(&user).unwrap().len());
        let total: usize = sizes.sum();
        assert!((620..680).contains(&(total / 10_000)), "{}", total / 10_000);
    }

    #[test]
    fn names_and_ids_are_unique() {
        let company = Population::new(9, 20_000);
        let names = |name: &str| -> HashSet<String> {
            company.users().map(|user| user.get(name).unwrap().to_string()).collect()
        };
        assert_eq!(names("externalId").len(), 20_000);
        let names = names("userName");
        let ids: HashSet<String> = (0..20_000)
            .flat_map(|number| [company.id(number), company.group_id(number)])
            .map(|id| id.to_string())
            .collect();
        assert_eq!((names.len(), ids.len()), (20_000, 40_000));
        assert!(names.iter().all(|name| name.is_ascii()));
    }

    #[test]
    fn a_seed_gives_the_same_and_another_seed_another_population() {
        let users = |seed| Population::new(seed, 50).users().map(|user| serde_json::to_string(&user).unwrap());
        assert!(users(1).eq(users(1)));
        assert!(users(1).zip(users(2)).all(|(one, other)| one != other));
        assert_eq!(Population::new(1, 50).user(7), Population::new(1, 5_000).user(7), "whatever the number of users");
    }

    #[test]
    fn users_differ_in_what_filters_ask_for() {
        let users: Vec<Resource> = Population::new(5, 2_000).users().collect();
        let share = |name: &str, value: &str| {
            users.iter().filter(|user| user.get(name).is_some_and(|found| found == value)).count()
        };
        assert!((1_000..1_600).contains(&share("userType", "Employee")));
        assert!((100..400).contains(&share("locale", "de-DE")));
        let inactive = users.iter().filter(|user| user.get("active").is_some_and(|active| active == false)).count();
        assert!((40..200).contains(&inactive), "{inactive}");
        let departments: HashSet<_> = users
            .iter()
            .map(|user| user.get(urn::ENTERPRISE_USER).unwrap().get("department").unwrap().to_string())
            .collect();
        assert_eq!(departments.len(), 16);
    }

    #[test]
    fn members_are_distinct_and_managers_come_first() {
        let company = Population::new(11, 997);
        for (group, size) in [0, 1, 10, 500, 997, 2_000].into_iter().enumerate() {
            let members: HashSet<usize> = company.member_numbers(group, size).collect();
            assert_eq!(members.len(), size.min(997));
            assert!(members.iter().all(|number| *number < 997));
        }
        assert_ne!(
            company.member_numbers(0, 10).collect::<Vec<_>>(),
            company.member_numbers(1, 10).collect::<Vec<_>>()
        );
        assert_eq!(company.manager_of(0), None);
        assert!((1..997).all(|number| company.manager_of(number).unwrap() < number));
        assert_eq!(Population::new(1, 0).member_numbers(0, 5).len(), 0);
    }
}
