using System.Text.Json.Nodes;
using Palisade.ApiServer.Fields;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tests.Fuzz;
using Palisade.Kubernetes.Schema;
using Xunit;

namespace Palisade.ApiServer.Tests.Fields;

/// <summary>What holds of server-side apply whatever is applied: three appliers and an updater, step by step.</summary>
public sealed class OwnershipTests
{
    private const string Now = "2026-01-01T00:00:00Z";

    private static readonly int _histories =
        Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 300 : 12;

    public static TheoryData<string, string> Kinds => new()
    {
        { "v1", "Pod" },
        { "v1", "Service" },
        { "apps/v1", "Deployment" },
        { "networking.k8s.io/v1", "NetworkPolicy" },
        { "policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_is_applied_is_there_and_owned_and_the_rest_is_gone(string apiVersion, string name)
    {
        var kind = ApiKinds.Find(apiVersion, name)!;
        for (var history = 0; history < _histories; history++)
        {
            var random = new Random(history);
            var live = new JsonObject();
            for (var step = 0; step < 12; step++)
            {
                var told = $"{name}, history {history}, step {step}";
                var manager = "m" + random.Next(3);
                var config = Config(kind, random);
                live = Step(kind, live, config, manager, told);
                var set = TypedValue.Fields(config, kind.Merge).Difference(_everybodys);
                Assert.True(set.ToJson().ToJsonString() == Owned(live, manager), $"{told}: {set.ToJson()}");
                Assert.True(Unowned(live, kind).IsEmpty, $"{told}: nobody's: {Unowned(live, kind).ToJson()}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Updates_take_over_what_they_change(string apiVersion, string name)
    {
        var kind = ApiKinds.Find(apiVersion, name)!;
        for (var history = 0; history < _histories; history++)
        {
            var random = new Random(history);
            var live = Step(kind, [], Samples.Of(kind, null, "n")!, "applier", name);
            for (var step = 0; step < 8; step++)
            {
                var told = $"{name}, history {history}, step {step}";
                var tree = Config(kind, random);
                new Ownership(kind, Part.Main, "updater", Now).Update(live, tree);
                tree = BodyDecoder.Applied(tree, kind);
                Assert.True(Unowned(tree, kind).IsEmpty, $"{told}: nobody's: {Unowned(tree, kind).ToJson()}");
                var changed = Comparison.Of(live, tree, kind.Merge).Changed;
                foreach (var entry in OwnedFields.Read(Metadata.Of(tree)).Entries.Where(e => e.Owner.Name != "updater"))
                    Assert.True(entry.Fields.Intersection(changed).IsEmpty, $"{told}: {entry.Owner} kept what changed");
                live = tree;
            }
        }
    }

    [Fact]
    public void Fields_are_written_and_read_the_same()
    {
        const string Text =
            """{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"k:{\u0022a\u0022:1,\u0022b\u0022:\u0022x\u0022}":{".":{},"f:x":{}},"v:5":{},"i:3":{}}}""";
        var set = FieldSet.Parse(JsonNode.Parse(Text))!;
        Assert.Equal(Text, set.ToJson().ToJsonString());
        Assert.Equal(
            [
                ".metadata.labels", ".metadata.labels.a", ".spec[a=1,b=\"x\"]", ".spec[a=1,b=\"x\"].x", ".spec[=5]",
                ".spec[3]",
            ],
            set.Paths().Select(path => string.Concat(path)));
        // Keys count in whatever order they are written.
        Assert.Equal(
            set.ToJson().ToJsonString(),
            FieldSet.Parse(JsonNode.Parse(Text.Replace("{\\u0022a\\u0022:1,\\u0022b\\u0022:\\u0022x\\u0022}",
                "{\\u0022b\\u0022: \\u0022x\\u0022, \\u0022a\\u0022: 1}")))!.ToJson().ToJsonString());
        string[] bad = ["""{"x":{}}""", """{"f:a":1}""", """{"k:[]":{}}""", """{"k:{":{}}""", "[]", """{"i:x":{}}"""];
        foreach (var text in bad)
            Assert.Null(FieldSet.Parse(JsonNode.Parse(text)));
    }

    // Applied by force, and again without: nothing moves.
    private static JsonObject Step(KindSchema kind, JsonObject live, JsonObject config, string manager, string told)
    {
        Assert.Null(TypedCheck.Error(config, kind.Merge));
        var ownership = new Ownership(kind, Part.Main, manager, Now);
        var after = BodyDecoder.Applied(ownership.Apply(live, config, force: true), kind);
        var again = BodyDecoder.Applied(ownership.Apply(after, config, force: false), kind);
        AssertSame(after, again, $"{told}: applied again: {config.ToJsonString()}");
        var merged = BodyDecoder.Applied(TypedMerge.Merge(after, config, kind.Merge)!.AsObject(), kind);
        AssertSame(after, merged, $"{told}: not as applied: {config.ToJsonString()}");
        return after;
    }

    private static void AssertSame(JsonObject one, JsonObject other, string told) =>
        Assert.True(JsonNode.DeepEquals(one, other), $"{told}\n{one.ToJsonString()}\n{other.ToJsonString()}");

    private static string Owned(JsonObject live, string manager) => OwnedFields.Read(Metadata.Of(live)).Entries
        .SingleOrDefault(entry => entry.Owner.Name == manager)?.Fields.ToJson().ToJsonString() ?? "{}";

    private static FieldSet Unowned(JsonObject live, KindSchema kind)
    {
        var all = OwnedFields.Read(Metadata.Of(live)).Entries.Aggregate(
            FieldSet.Empty, (sum, entry) => sum.Union(entry.Fields));
        return TypedValue.Fields(Filled(live), kind.Merge).Difference(all).Difference(_everybodys);
    }

    // Without what is empty: that a map was emptied, nobody comes to own.
    private static JsonNode? Filled(JsonNode? node) => node is not JsonObject map ? node?.DeepClone() : new JsonObject(
        map.Where(pair => pair.Value is not JsonObject inner || Filled(inner) is JsonObject { Count: > 0 })
            .Select(pair => KeyValuePair.Create(pair.Key, Filled(pair.Value))));

    private static readonly FieldSet _everybodys =
        Named("apiVersion", "kind", "metadata", "metadata.name", "metadata.managedFields");

    private static FieldSet Named(params string[] paths)
    {
        var set = new FieldSet();
        foreach (var path in paths)
            set.Add([.. path.Split('.').Select(FieldStep.Field)]);
        return set;
    }

    // A part of the sample: members and items left out, a few texts and numbers changed.
    private static JsonObject Config(KindSchema kind, Random random)
    {
        var tree = Samples.Of(kind, null, "n")!;
        var part = Some(tree, kind.Merge, random) as JsonObject ?? [];
        Metadata.Of(part)["name"] = "n";
        part["apiVersion"] = kind.ApiVersion;
        part["kind"] = kind.Kind;
        return part;
    }

    private static JsonNode? Some(JsonNode? node, MergeType type, Random random)
    {
        switch (node)
        {
            case JsonObject map:
                var some = new JsonObject();
                foreach (var (name, value) in map)
                {
                    if (random.Next(4) > 0 && type.Member(name) is { } member
                        && Some(value, member, random) is { } kept)
                        some[name] = kept;
                }

                return some.Count == 0 && map.Count > 0 ? null : some;
            case JsonArray list:
                var items = new JsonArray();
                foreach (var item in list.Where(_ => random.Next(3) > 0))
                {
                    var kept = Some(item, type.Items, random) ?? new JsonObject();
                    // An item keeps what tells it from the others.
                    foreach (var (key, _) in type.Keys)
                    {
                        if (item![key] is { } value)
                            kept[key] = value.DeepClone();
                    }

                    items.Add(kept);
                }

                return items.Count == 0 ? null : items;
            case JsonValue value when random.Next(8) == 0 && value.TryGetValue<string>(out var text):
                return text + random.Next(2);
            default:
                return node?.DeepClone();
        }
    }
}
