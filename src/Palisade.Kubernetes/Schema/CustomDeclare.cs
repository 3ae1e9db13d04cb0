using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Schema;

/// <summary>The parts that the policies of policy.networking.k8s.io share, and short words to declare them.</summary>
internal static partial class CustomDeclare
{
    private const string DomainForm =
        @"(\*\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?";

    private const string ReasonForm = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";

    private const string ConditionTypeForm =
        @"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
        + "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])";

    public static CustomSchema Text { get; } = new(CustomType.String);

    public static CustomSchema Port { get; } =
        new(CustomType.Integer) { Format = "int32", Minimum = 1, Maximum = 65535 };

    public static CustomSchema Priority { get; } =
        new(CustomType.Integer) { Format = "int32", Minimum = 0, Maximum = 1000 };

    public static CustomSchema RuleName { get; } = new(CustomType.String) { MaxLength = 100 };

    public static CustomSchema LabelSelector { get; } = new(CustomType.Object)
    {
        Known = MetaTypes.LabelSelector,
        Properties =
        [
            May("matchExpressions", new(CustomType.Array)
            {
                Items = new(CustomType.Object)
                {
                    Known = MetaTypes.LabelSelectorRequirement,
                    Properties =
                    [
                        Must("key", Text),
                        Must("operator", Text),
                        May("values", new(CustomType.Array) { Items = Text }),
                    ],
                },
            }),
            May("matchLabels", new(CustomType.Object) { Values = Text }),
        ],
    };

    public static CustomSchema Metadata { get; } = new(CustomType.Object) { Known = MetaTypes.ObjectMeta };

    // Upstream's A-z is kept: it also takes [ \ ] ^ _ `.
    public static CustomSchema DomainNames { get; } = new(CustomType.Array)
    {
        IsSet = true,
        MinItems = 1,
        MaxItems = 25,
        Items = new(CustomType.String) { Pattern = $"^{DomainForm}$", Matches = DomainPattern().IsMatch },
    };

    /// <summary>A list of blocks under a rule for each.</summary>
    public static CustomSchema Networks(CustomRule rule) => new(CustomType.Array)
    {
        IsSet = true,
        MinItems = 1,
        MaxItems = 25,
        Items = new(CustomType.String) { MaxLength = 43, Rules = [rule] },
    };

    public static CustomRule IsCidr { get; } = new(
        "isCIDR(self)", "Invalid CIDR format provided");

    public static CustomRule StartBeforeEnd { get; } = new(
        "self.start < self.end",
        "Start port must be less than End port");

    /// <summary>A list of conditions, alone in a status.</summary>
    public static CustomSchema Status(string goType) => new(CustomType.Object, goType)
    {
        Properties = [Must("conditions", new(CustomType.Array) { MapKeys = ["type"], Items = Condition })],
    };

    /// <summary>The strings of an enum.</summary>
    public static ImmutableArray<WireValue> Words(params IEnumerable<string> words) =>
        [.. words.Select(word => new WireString(word, default))];

    public static CustomProperty Must(string name, CustomSchema schema) => new(name, schema, true);

    public static CustomProperty May(string name, CustomSchema schema) => new(name, schema, false);

    /// <summary>A list of 0 or 1 to so many items.</summary>
    public static CustomSchema ListOf(CustomSchema items, int? least, int most) =>
        new(CustomType.Array) { Items = items, MinItems = least, MaxItems = most };

    /// <summary>An object of which exactly one property is given.</summary>
    public static CustomSchema OneOf(string goType, params CustomProperty[] properties) =>
        new(CustomType.Object, goType) { MinProperties = 1, MaxProperties = 1, Properties = [.. properties] };

    private static CustomSchema Condition { get; } = new(CustomType.Object)
    {
        Known = MetaTypes.Condition,
        Properties =
        [
            Must("lastTransitionTime", new(CustomType.String) { Format = "date-time" }),
            Must("message", new(CustomType.String) { MaxLength = 32768 }),
            May("observedGeneration", new(CustomType.Integer) { Format = "int64", Minimum = 0 }),
            Must("reason", new(CustomType.String)
            {
                MinLength = 1,
                MaxLength = 1024,
                Pattern = $"^{ReasonForm}$",
                Matches = ReasonPattern().IsMatch,
            }),
            Must("status", new(CustomType.String) { Enum = Words("True", "False", "Unknown") }),
            Must("type", new(CustomType.String)
            {
                MaxLength = 316,
                Pattern = $"^{ConditionTypeForm}$",
                Matches = ConditionTypePattern().IsMatch,
            }),
        ],
    };

    // Go's $ is the end of the text; .NET's also takes the place before a last newline.
    [GeneratedRegex(@"\A(?:" + DomainForm + @")\z")]
    private static partial Regex DomainPattern();

    [GeneratedRegex(@"\A(?:" + ReasonForm + @")\z")]
    private static partial Regex ReasonPattern();

    [GeneratedRegex(@"\A(?:" + ConditionTypeForm + @")\z")]
    private static partial Regex ConditionTypePattern();
}
