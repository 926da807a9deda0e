//! Enums whose values have names that are stored, sent or typed.

/// Declares an enum without data and, for each of its values, the name under which it is stored, sent or typed: `ALL`, `name` and `from_name`. A name never
/// changes, and no two values have the same.
///
/// ```
/// money::named! {
///     /// How a look at a day ended.
///     #[derive(Debug, Clone, Copy, PartialEq, Eq)]
///     pub enum DayState {
///         /// Nothing differs.
///         Closed = "closed",
///         /// Somebody has to look.
///         Differs = "differs",
///     }
/// }
/// assert_eq!(DayState::from_name(DayState::Differs.name()), Some(DayState::Differs));
/// ```
#[macro_export]
macro_rules! named {
    ($(#[$attribute:meta])* $visibility:vis enum $type:ident { $($(#[$doc:meta])* $value:ident = $name:literal,)+ }) => {
        $(#[$attribute])*
        $visibility enum $type {
            $($(#[$doc])* $value,)+
        }

        impl $type {
            /// Every value.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$value),+];

            /// The name under which it is stored, sent or typed.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }

            /// The value of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.name() == name)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    crate::named! {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum DayState {
            Closed = "closed",
            Differs = "differs",
        }
    }

    #[test]
    fn a_name_leads_to_its_value_and_no_other_text_does() {
        assert_eq!(DayState::ALL, [DayState::Closed, DayState::Differs]);
        assert_eq!(DayState::ALL.map(DayState::name), ["closed", "differs"]);
        assert_eq!(DayState::ALL.map(|state| DayState::from_name(state.name())), DayState::ALL.map(Some));
        for other in ["", "Closed", "closed ", "clos"] {
            assert_eq!(DayState::from_name(other), None, "{other}");
        }
    }
}
