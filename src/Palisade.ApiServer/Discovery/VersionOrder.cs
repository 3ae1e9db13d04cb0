using System.Globalization;
using System.Text.RegularExpressions;

namespace Palisade.ApiServer.Discovery;

/// <summary>
/// The order clients prefer versions in (apimachinery version.CompareKubeAwareVersionStrings): v10, v2, v1, v2beta1,
/// v1beta2, v1alpha1, then all other names by the alphabet.
/// </summary>
internal sealed partial class VersionOrder : IComparer<string>
{
    public static VersionOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var order = Rank(y!).CompareTo(Rank(x!));
        return order != 0 ? order : string.CompareOrdinal(x, y);
    }

    private static (int Stage, long Major, long Minor) Rank(string version)
    {
        if (Form().Match(version) is not { Success: true } match)
            return (0, 0, 0);
        var stage = match.Groups["stage"].Value switch { "" => 3, "beta" => 2, _ => 1 };
        return (stage, Number(match.Groups["major"]), Number(match.Groups["minor"]));
    }

    private static long Number(Group digits) =>
        digits.Success ? long.Parse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"\Av(?<major>[0-9]{1,9})((?<stage>alpha|beta)(?<minor>[0-9]{1,9}))?\z")]
    private static partial Regex Form();
}
