using System.Text.Json.Nodes;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Http;

/// <summary>Causes that the server itself finds: in options and in what an update changes.</summary>
internal static class Causes
{
    public static Cause Required(string field, string? detail = null) => new(
        "FieldValueRequired", detail is null ? "Required value" : $"Required value: {detail}", field, default);

    /// <summary>The value as Go prints it: quoted if a string.</summary>
    public static Cause Invalid(string field, string value, string detail) =>
        new("FieldValueInvalid", $"Invalid value: {value}: {detail}", field, default);

    public static Cause Forbidden(string field, string detail) =>
        new("FieldValueForbidden", $"Forbidden: {detail}", field, default);

    public static Cause TooLong(string field, int most) =>
        new("FieldValueTooLong", $"Too long: may not be more than {most} bytes", field, default);

    public static Cause NotSupported(string field, string value, params IEnumerable<string> supported) =>
        new(
            "FieldValueNotSupported",
            $"Unsupported value: {value}: supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}",
            field,
            default);

    public static JsonObject ToJson(Cause cause) =>
        new() { ["reason"] = cause.Reason, ["message"] = cause.Message, ["field"] = cause.Field };
}
