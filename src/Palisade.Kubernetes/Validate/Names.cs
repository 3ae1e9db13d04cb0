using System.Text;
using System.Text.RegularExpressions;

namespace Palisade.Kubernetes.Validate;

/// <summary>The forms of names, labels and ports of apimachinery's util/validation, with its messages.</summary>
internal static partial class Names
{
    private const string SubdomainForm = @"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
    private const string LabelForm = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string OldLabelForm = "[a-z]([-a-z0-9]*[a-z0-9])?";
    private const string QualifiedForm = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private const string ValueForm = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
    private const string EnvForm = "[-._a-zA-Z][-._a-zA-Z0-9]*";
    private const string KeyForm = "[-._a-zA-Z0-9]+";

    private const string NotSubdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'example.com', regex used for validation is '" + SubdomainForm + "')";

    private const string NotLabel =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '" + LabelForm + "')";

    private const string NotOldLabel =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end "
        + "with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '"
            + OldLabelForm + "')";

    // The double spaces are the API server's own.
    private const string NotQualified =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '" + QualifiedForm + "')";

    private const string NotLabelValue =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
        + "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '"
            + ValueForm + "')";

    private const string NotKey =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
        + "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '" + KeyForm + "')";

    /// <summary>RFC 1123 subdomain, at most 253 bytes: most names.</summary>
    public static IEnumerable<string> Subdomain(string value)
    {
        if (Bytes(value) > 253)
            yield return TooLong(253);
        if (!SubdomainPattern().IsMatch(value))
            yield return NotSubdomain;
    }

    /// <summary>RFC 1123 label, at most 63 bytes: names of namespaces, containers, volumes.</summary>
    public static IEnumerable<string> Label(string value)
    {
        if (Bytes(value) > 63)
            yield return TooLong(63);
        if (!LabelPattern().IsMatch(value))
            yield return SubdomainPattern().IsMatch(value) ? "must not contain dots" : NotLabel;
    }

    /// <summary>RFC 1035 label: names of Services before 1.34.</summary>
    public static IEnumerable<string> OldLabel(string value)
    {
        if (Bytes(value) > 63)
            yield return TooLong(63);
        if (!OldLabelPattern().IsMatch(value))
            yield return NotOldLabel;
    }

    /// <summary>A label or annotation key: an optional subdomain prefix and a name.</summary>
    public static IEnumerable<string> Qualified(string value)
    {
        var parts = value.Split('/');
        if (parts.Length > 2)
        {
            yield return $"a qualified name {NotQualified} with an optional DNS subdomain prefix and '/' "
                + "(e.g. 'example.com/MyName')";
            yield break;
        }

        if (parts.Length == 2)
        {
            var problems = parts[0].Length == 0 ? ["must be non-empty"] : Subdomain(parts[0]);
            foreach (var problem in problems)
                yield return $"prefix part {problem}";
        }

        var name = parts[^1];
        if (name.Length == 0)
            yield return "name part must be non-empty";
        else if (Bytes(name) > 63)
            yield return $"name part {TooLong(63)}";
        if (!QualifiedPattern().IsMatch(name))
            yield return $"name part {NotQualified}";
    }

    /// <summary>A label's value.</summary>
    public static IEnumerable<string> LabelValue(string value)
    {
        if (Bytes(value) > 63)
            yield return TooLong(63);
        if (!ValuePattern().IsMatch(value))
            yield return NotLabelValue;
    }

    /// <summary>A container port's name (IANA_SVC_NAME).</summary>
    public static IEnumerable<string> PortName(string value)
    {
        if (Bytes(value) > 15)
            yield return TooLong(15);
        if (value.Length == 0 || value.Any(c => c is not ('-' or (>= 'a' and <= 'z') or (>= '0' and <= '9'))))
            yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        if (!value.Any(char.IsAsciiLetterLower))
            yield return "must contain at least one letter (a-z)";
        if (value.Contains("--", StringComparison.Ordinal))
            yield return "must not contain consecutive hyphens";
        if (value.StartsWith('-') || value.EndsWith('-'))
            yield return "must not begin or end with a hyphen";
    }

    /// <summary>A port number.</summary>
    public static IEnumerable<string> PortNumber(long value) =>
        value is >= 1 and <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];

    /// <summary>The name of an environment variable.</summary>
    public static IEnumerable<string> EnvironmentName(string value)
    {
        if (!EnvPattern().IsMatch(value))
        {
            yield return "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', "
                + "or '.', and must not start with a digit "
                + "(e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '"
                + EnvForm + "')";
        }
    }

    /// <summary>A key of a ConfigMap or Secret.</summary>
    public static IEnumerable<string> ConfigKey(string value)
    {
        if (Bytes(value) > 253)
            yield return TooLong(253);
        if (!KeyPattern().IsMatch(value))
            yield return NotKey;
        if (value is "." or "..")
            yield return $"must not be '{value}'";
        else if (value.StartsWith("..", StringComparison.Ordinal))
            yield return "must not start with '..'";
    }

    /// <summary>A name prefix (generateName) as it is judged: a trailing dash will be followed by letters.</summary>
    public static string MaskTrailingDash(string prefix) =>
        prefix.Length > 1 && prefix.EndsWith('-') ? prefix[..^2] + "a" : prefix;

    private static int Bytes(string value) => Encoding.UTF8.GetByteCount(value);

    private static string TooLong(int most) => $"must be no more than {most} characters";

    [GeneratedRegex(@"\A(?:" + SubdomainForm + @")\z")]
    private static partial Regex SubdomainPattern();

    [GeneratedRegex(@"\A(?:" + LabelForm + @")\z")]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"\A(?:" + OldLabelForm + @")\z")]
    private static partial Regex OldLabelPattern();

    [GeneratedRegex(@"\A(?:" + QualifiedForm + @")\z")]
    private static partial Regex QualifiedPattern();

    [GeneratedRegex(@"\A(?:" + ValueForm + @")\z")]
    private static partial Regex ValuePattern();

    [GeneratedRegex(@"\A(?:" + EnvForm + @")\z")]
    private static partial Regex EnvPattern();

    [GeneratedRegex(@"\A(?:" + KeyForm + @")\z")]
    private static partial Regex KeyPattern();
}
