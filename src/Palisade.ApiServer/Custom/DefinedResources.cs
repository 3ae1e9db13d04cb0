using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Custom;

/// <summary>
/// The resources that definitions make. A definition whose spec stays as it is keeps its resources, so that nothing
/// derived from them is made again.
/// </summary>
internal sealed class DefinedResources
{
    private Dictionary<string, (string Spec, ImmutableArray<Resource> Resources)> _made = new(StringComparer.Ordinal);

    /// <summary>Every served version of every established definition; one call at a time.</summary>
    public IEnumerable<Resource> Of(IEnumerable<JsonObject> definitions)
    {
        var made = new Dictionary<string, (string, ImmutableArray<Resource>)>(StringComparer.Ordinal);
        foreach (var definition in definitions.Where(DefinitionStatus.IsEstablished))
        {
            var name = Cell.Name(definition);
            var spec = definition["spec"]!.ToJsonString();
            made[name] = _made.TryGetValue(name, out var known) && known.Spec == spec
                ? known
                : (spec, Make(definition));
        }

        _made = made;
        return made.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value.Item2).ToList();
    }

    private static ImmutableArray<Resource> Make(JsonObject definition) =>
    [
        // The version that is stored comes first: the resource is known by it.
        .. CustomKinds.Of(definition).OrderByDescending(made => Cell.Flag(made.Version["storage"]))
            .Where(made => Cell.Flag(made.Version["served"]))
            .Select(made => Make(made.Kind, made.Version, definition)),
    ];

    private static Resource Make(KindSchema kind, JsonObject version, JsonObject definition)
    {
        var scale = version["subresources"]?["scale"];
        var isClusterPolicy = ClusterNetworkPolicyResource.Is(kind);
        return new Resource
        {
            Kind = kind,
            Definition = Cell.Name(definition),
            Categories = [.. Cell.Texts(definition["spec"]?["names"]?["categories"])],
            CountsGenerations = true,
            NeedsVersion = true,
            // A resource with a status subresource takes no status from whoever creates it.
            PrepareCreate = kind.HasStatus ? tree => tree.Remove("status") : null,
            WarnAmong = isClusterPolicy ? ClusterNetworkPolicyResource.WarnOfEquals : (_, _) => [],
            SelectableFields = [.. Cell.Objects(version["selectableFields"])
                .Select(field => new SelectableField(Cell.Text(field["jsonPath"]).TrimStart('.')))],
            HasScale = scale is not null,
            Scale = scale is null ? null : new ScalePaths(
                JsonPath.Parse(Cell.Text(scale["specReplicasPath"])),
                JsonPath.Parse(Cell.Text(scale["statusReplicasPath"])),
                Cell.Text(scale["labelSelectorPath"]) is { Length: > 0 } selector ? JsonPath.Parse(selector) : null),
            Deprecation = !Cell.Flag(version["deprecated"]) ? null
                : Cell.Text(version["deprecationWarning"]) is { Length: > 0 } warning
                    ? warning
                    : $"{kind.ApiVersion} {kind.Kind} is deprecated",
            Table = Layout(Cell.Objects(version["additionalPrinterColumns"]).ToList()),
        };
    }

    private static TableLayout Layout(List<JsonObject> columns)
    {
        if (columns.Count == 0)
        {
            return new TableLayout(
                [TableColumn.ObjectName, TableColumn.Age],
                (tree, now) => new TableRow([Cell.Name(tree), Cell.Age(tree, now)]));
        }

        var cells = columns.Select(column => (
            Type: Cell.Text(column["type"]), Path: JsonPath.Parse(Cell.Text(column["jsonPath"])))).ToList();
        return new TableLayout(
            [
                TableColumn.ObjectName,
                .. columns.Select(column => new TableColumn(
                    Cell.Text(column["name"]),
                    Cell.Text(column["type"]),
                    Cell.Text(column["description"]) is { Length: > 0 } description
                        ? description
                        : $"Custom resource definition column (in JSONPath format): {Cell.Text(column["jsonPath"])}",
                    (int)Cell.Number(column["priority"]),
                    Cell.Text(column["format"]))),
            ],
            (tree, now) => new TableRow(
                [Cell.Name(tree), .. cells.Select(cell => Shown(cell.Type, cell.Path.First(tree), now))]));
    }

    // A value of another type than its column's is left out.
    private static JsonNode? Shown(string type, JsonNode? value, DateTimeOffset now) =>
        (type, value?.GetValueKind()) switch
        {
            (_, null or JsonValueKind.Null) => null,
            ("date", JsonValueKind.String) => Cell.Since(value, now),
            ("string", JsonValueKind.Object or JsonValueKind.Array) =>
                System.Text.Encoding.UTF8.GetString(JsonBytes.Of(value!)),
            ("string", JsonValueKind.True) => "true",
            ("string", JsonValueKind.False) => "false",
            ("string", _) => Cell.Scalar(value),
            ("integer" or "number", JsonValueKind.Number) => value!.DeepClone(),
            ("boolean", JsonValueKind.True or JsonValueKind.False) => value!.DeepClone(),
            _ => null,
        };
}
