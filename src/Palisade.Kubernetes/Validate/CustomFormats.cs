using System.Globalization;
using System.Net.Mail;
using System.Text.RegularExpressions;
using Palisade.Kubernetes.Cel;
using Palisade.Policy.Sets;

namespace Palisade.Kubernetes.Validate;

/// <summary>The string formats that the API server checks (kube-openapi strfmt); others say nothing.</summary>
internal static partial class CustomFormats
{
    public static bool Fits(string format, string text) => format switch
    {
        "date-time" or "datetime" => IsDateTime(text),
        "date" => IsDate(text),
        "duration" => GoDuration.Parse(text) is not null,
        "ipv4" => Address.TryParse(text, out var address) && address.Family == AddressFamily.V4,
        "ipv6" => Address.TryParse(text, out var address) && address.Family == AddressFamily.V6,
        "cidr" => SloppyCidr.Parse(text) is not null,
        "mac" => Mac().IsMatch(text),
        "uuid" => Uuid().IsMatch(text),
        "hostname" => text.Length <= 253 && Hostname().IsMatch(text),
        "uri" => Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var uri)
            && (uri.IsAbsoluteUri || text.StartsWith('/')),
        "email" => MailAddress.TryCreate(text, out _),
        "byte" => text.Length % 4 == 0 && Base64().IsMatch(text),
        "hexcolor" => Color().IsMatch(text),
        _ => true,
    };

    /// <summary>What kube-openapi's strfmt.IsDateTime takes: RFC 3339 without leap seconds.</summary>
    private static bool IsDateTime(string text) =>
        Rfc3339().Match(text) is { Success: true } match && IsDate(match.Groups["date"].Value);

    private static bool IsDate(string text) => DateOnly.TryParseExact(
        text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    [GeneratedRegex(
        @"\A(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]+)?"
        + @"([Zz]|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Rfc3339();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}\z")]
    private static partial Regex Mac();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}\z")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"\A[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*\z")]
    private static partial Regex Hostname();

    [GeneratedRegex(@"\A[A-Za-z0-9+/]*={0,2}\z")]
    private static partial Regex Base64();

    [GeneratedRegex(@"\A#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})\z")]
    private static partial Regex Color();
}
