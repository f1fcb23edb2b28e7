"""Databases, tables, filters and grants as resources of templates, in the form that Lakewright emits."""

from typing import Any

from lwfd.place import Place

Json = dict[str, Any]
TABLE = "orders"
COLUMNS = [{"Name": "id", "Type": "bigint"}, {"Name": "part", "Type": "string"}]


def database(place: Place, name: str, **more: Any) -> Json:
    return {"Type": "AWS::Glue::Database", "Properties": {
        "CatalogId": place.account, "DatabaseInput": {"Name": name, "CreateTableDefaultPermissions": [], **more}}}


def table_input(location: str) -> Json:
    """A table of CSV files, with the two parameters that Lakewright writes."""
    return {
        "Name": TABLE, "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "csv"},
        "StorageDescriptor": {
            "Columns": COLUMNS, "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
        },
    }


def table(place: Place, database_name: str, location: str, after: str = "Database") -> Json:
    return {"Type": "AWS::Glue::Table", "DependsOn": after, "Properties": {
        "CatalogId": place.account, "DatabaseName": database_name, "TableInput": table_input(location)}}


def grant(place: Place, principal: str, resource: Json, rights: list[str], after: str | list[str]) -> Json:
    return {"Type": "AWS::LakeFormation::PrincipalPermissions", "DependsOn": after, "Properties": {
        "Catalog": place.account, "Principal": {"DataLakePrincipalIdentifier": principal}, "Resource": resource,
        "Permissions": rights, "PermissionsWithGrantOption": []}}


def rows_filter(place: Place, database_name: str, name: str, expression: str) -> Json:
    """A filter that admits some rows of the table and all its columns."""
    return {"Type": "AWS::LakeFormation::DataCellsFilter", "Properties": {
        "TableCatalogId": place.account, "DatabaseName": database_name, "TableName": TABLE, "Name": name,
        "RowFilter": {"FilterExpression": expression}, "ColumnNames": [column["Name"] for column in COLUMNS]}}


def filter_resource(place: Place, database_name: str, name: str) -> Json:
    return {"DataCellsFilter": {"TableCatalogId": place.account, "DatabaseName": database_name, "TableName": TABLE,
                                "Name": name}}
