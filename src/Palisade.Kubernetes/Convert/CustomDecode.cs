using System.Collections.Immutable;
using System.Globalization;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Convert;

/// <summary>
/// Decodes a custom resource as the API server does: not into a Go struct but pruned by its structural schema.
/// Unknown fields are strict errors, a property that is null and may not be is absent, defaults are set, and a value of
/// a wrong type stays for validation to refuse.
/// </summary>
internal static class CustomDecode
{
    /// <summary>A whole object: apiVersion, kind and metadata are decoded as for every kind, the rest pruned.</summary>
    public static DecodeResult Check(WireValue value, CustomSchema schema, bool lettersAreText = false)
    {
        var whole = value as WireObject;
        var head = whole is null ? value : whole with { Members = whole.Members.RemoveAll(m => !IsHead(m.Name)) };
        var decoded = StrictDecode.Check(head, schema.Head, lettersAreText);
        if (whole is null)
            return decoded;
        var walk = new Walk(lettersAreText);
        var body = walk.Members(whole with { Members = whole.Members.RemoveAll(m => IsHead(m.Name)) }, schema, "");
        var kept = decoded.Pruned.Members.ToDictionary(member => member.Name);
        foreach (var member in body.Members)
            kept[member.Name] = member;
        return decoded with
        {
            Pruned = new(Ordered(whole, kept), whole.At),
            StrictErrors = [.. decoded.StrictErrors.Concat(walk.Errors).Take(StrictDecode.MaxStrictErrors)],
        };
    }

    /// <summary>A part of an object; <paramref name="path"/> is where it stands.</summary>
    public static (WireValue Pruned, ImmutableArray<StrictError> Errors) Part(
        WireValue value, CustomSchema schema, string path)
    {
        var walk = new Walk(lettersAreText: false);
        return (walk.Prune(value, schema, path), walk.Errors.DrainToImmutable());
    }

    private static bool IsHead(string name) => name is "apiVersion" or "kind" or "metadata";

    // As they were written; what defaults added stands behind.
    private static ImmutableArray<WireMember> Ordered(WireObject written, Dictionary<string, WireMember> kept)
    {
        var members = ImmutableArray.CreateBuilder<WireMember>(kept.Count);
        foreach (var name in written.Members.Select(member => member.Name).Concat([.. kept.Keys]))
        {
            if (kept.Remove(name, out var member))
                members.Add(member);
        }

        return members.ToImmutable();
    }

    private sealed class Walk(bool lettersAreText)
    {
        public ImmutableArray<StrictError>.Builder Errors { get; } = ImmutableArray.CreateBuilder<StrictError>();

        public WireValue Prune(WireValue value, CustomSchema schema, string path)
        {
            switch (value)
            {
                case WireObject o when schema.Type is CustomType.Object or null:
                    return Members(o, schema, path);
                case WireArray list when schema.Items is { } items:
                    return new WireArray([.. list.Items.Select((item, i) =>
                        Prune(item, items, $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]"))], list.At);
                case WireBool { Letter: { } letter } when lettersAreText && schema.Type == CustomType.String:
                    return new WireString(letter, value.At);
                default:
                    return value;
            }
        }

        public WireObject Members(WireObject value, CustomSchema schema, string path)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in value.Members)
            {
                if (!seen.Add(member.Name))
                    Strict("duplicate", Inner(path, member.Name), member.At);
            }

            var members = ImmutableArray.CreateBuilder<WireMember>();
            foreach (var member in value.Distinct())
            {
                var inner = Inner(path, member.Name);
                if ((schema[member.Name] ?? schema.Values) is not { } part)
                {
                    if (schema.KeepsUnknown || (schema.IsResource && IsHead(member.Name)))
                        members.Add(member);
                    else
                        Strict("unknown", inner, member.At);
                }
                else if (member.Value is not WireNull || part.Nullable)
                {
                    members.Add(member with { Value = Prune(member.Value, part, inner) });
                }
            }

            foreach (var (name, part, _) in schema.Properties)
            {
                if (part.Default is { } text && members.All(member => member.Name != name))
                    members.Add(new(name, value.At, Prune(text, part, Inner(path, name))));
            }

            return new(members.DrainToImmutable(), value.At);
        }

        private static string Inner(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

        private void Strict(string what, string path, Position at)
        {
            if (Errors.Count < StrictDecode.MaxStrictErrors)
                Errors.Add(new($"{what} field \"{path}\"", at));
        }
    }
}
