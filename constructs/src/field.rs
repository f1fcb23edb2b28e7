//! The types of the properties of generated structs.

use lakewright_template::{Expr, Map, Text, Value};

/// A type that a property of a generated struct may have.
pub trait Field {
    /// The property's value.
    fn into_value(self) -> Value;
}

impl<T> Field for Expr<T> {
    fn into_value(self) -> Value {
        self.into()
    }
}

impl<T: Field> Field for Vec<T> {
    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(Field::into_value).collect())
    }
}

/// Puts a property into a map when it is set.
pub fn put<T: Field>(map: &mut Map, name: &'static str, field: Option<T>) {
    if let Some(field) = field {
        map.insert(Text::Borrowed(name), field.into_value());
    }
}

macro_rules! resource {
    (
        $kind:literal $name:ident { $($field:ident: $property:literal => $type:ty,)* }
        $($constant:ident: Attribute<Self, $value:ty> = $attribute:literal;)*
    ) => {
        #[doc = concat!("`", $kind, "`: the properties of the CloudFormation template reference.")]
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $(#[doc = concat!("`", $property, "`.")] pub $field: Option<$type>,)*
        }

        impl $name {
            $(
                #[doc = concat!("The attribute `", $attribute, "`.")]
                pub const $constant: Attribute<Self, $value> = Attribute::new($attribute);
            )*
        }

        impl lakewright_template::Resource for $name {
            const TYPE: &'static str = $kind;

            fn into_properties(self) -> lakewright_template::Map {
                let Self { $($field,)* } = self;
                let mut map = lakewright_template::Map::new();
                $($crate::field::put(&mut map, $property, $field);)*
                map
            }
        }
    };
}
pub(crate) use resource;

macro_rules! nested {
    ($kind:literal $name:ident { $($field:ident: $property:literal => $type:ty,)* }) => {
        #[doc = concat!("An object in the properties of `", $kind, "`.")]
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $(#[doc = concat!("`", $property, "`.")] pub $field: Option<$type>,)*
        }

        impl $crate::field::Field for $name {
            fn into_value(self) -> lakewright_template::Value {
                let Self { $($field,)* } = self;
                #[allow(unused_mut, reason = "some objects have no properties in the schema")]
                let mut map = lakewright_template::Map::new();
                $($crate::field::put(&mut map, $property, $field);)*
                map.into()
            }
        }
    };
}
pub(crate) use nested;

#[cfg(test)]
mod tests {
    use lakewright_template::write::value_to_compact_json;
    use lakewright_template::{Expr, Resource, Value};

    use crate::cfn::s3;

    /// CloudFormation refuses null: "'null' values are not allowed in templates". An empty list or object is a value.
    #[test]
    fn what_is_not_set_is_absent_and_what_is_empty_is_not() {
        assert!(s3::Bucket::default().into_properties().is_empty());
        let controls = |rules| s3::BucketOwnershipControls { rules };
        let bucket = |controls| s3::Bucket {
            bucket_name: Some(Expr::unchecked("orders")),
            ownership_controls: Some(controls),
            ..s3::Bucket::default()
        };
        let text =
            |bucket: s3::Bucket| value_to_compact_json(&Value::from(bucket.into_properties()));
        assert_eq!(
            text(bucket(controls(None))),
            r#"{"BucketName":"orders","OwnershipControls":{}}"#
        );
        assert_eq!(
            text(bucket(controls(Some(Vec::new())))),
            r#"{"BucketName":"orders","OwnershipControls":{"Rules":[]}}"#
        );
    }
}
