using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Palisade.Policy.Tests.Reading;

/// <summary>
/// Reaching into YAML (and JSON, which is YAML) in tests: absent and null are both null, everything else as written.
/// </summary>
internal static class YamlTree
{
    /// <summary>The first document of a file.</summary>
    public static YamlNode Read(string path) => Documents(File.ReadAllText(path))[0];

    public static List<YamlNode> Documents(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(d => d.RootNode).Where(root => !IsNull(root))];
    }

    public static YamlNode? At(this YamlNode? node, string key)
    {
        if (node is not YamlMappingNode mapping
            || !mapping.Children.TryGetValue(new YamlScalarNode(key), out var value))
            return null;
        return IsNull(value) ? null : value;
    }

    public static IReadOnlyList<YamlNode> Items(this YamlNode? node) =>
        node is YamlSequenceNode list ? [.. list.Children] : [];

    public static IEnumerable<KeyValuePair<string, YamlNode>> Pairs(this YamlNode? node) =>
        node is YamlMappingNode mapping
            ? mapping.Children.Select(p => KeyValuePair.Create(p.Key.Text()!, p.Value))
            : [];

    public static string? Text(this YamlNode? node) => (node as YamlScalarNode)?.Value;

    public static string Text(this YamlNode? node, string otherwise) => (node as YamlScalarNode)?.Value ?? otherwise;

    /// <summary>The number a plain scalar is; null when the scalar is text (quoted, or no number).</summary>
    public static int? Number(this YamlNode? node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain or ScalarStyle.Any } scalar
            && int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? number
                : null;

    public static bool IsTrue(this YamlNode? node) => node.Text() == "true";

    private static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain } scalar && (scalar.Value is null or "" or "null" or "~");
}
