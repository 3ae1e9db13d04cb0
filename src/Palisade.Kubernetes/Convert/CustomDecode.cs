using System.Collections.Immutable;
using System.Globalization;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Convert;

/// <summary>
/// Decodes a custom resource as the API server does: not into a Go struct but pruned by its structural schema.
/// Unknown fields are strict errors, a property that is null is absent (none of ours is nullable), defaults are set,
/// and a value of a wrong type stays for validation to refuse.
/// </summary>
internal static class CustomDecode
{
    /// <summary>A whole object: metadata is decoded as for every kind, the rest pruned.</summary>
    public static DecodeResult Check(WireValue value, CustomSchema schema, bool lettersAreText = false)
    {
        var outer = StrictDecode.Check(value, schema.Envelope, lettersAreText);
        var walk = new Walk(lettersAreText);
        var pruned = outer.Pruned;
        foreach (var (name, part, _) in schema.Properties)
        {
            if (!part.IsOpen && pruned[name] is { } given)
                pruned = pruned.With(name, walk.Prune(given, part, name));
        }

        return outer with
        {
            Pruned = pruned,
            StrictErrors = [.. outer.StrictErrors.Concat(walk.Errors).Take(StrictDecode.MaxStrictErrors)],
        };
    }

    /// <summary>A part of an object; <paramref name="path"/> is where it stands.</summary>
    public static (WireValue Pruned, ImmutableArray<StrictError> Errors) Part(
        WireValue value, CustomSchema schema, string path)
    {
        var walk = new Walk(lettersAreText: false);
        return (walk.Prune(value, schema, path), walk.Errors.DrainToImmutable());
    }

    private sealed class Walk(bool lettersAreText)
    {
        public ImmutableArray<StrictError>.Builder Errors { get; } = ImmutableArray.CreateBuilder<StrictError>();

        public WireValue Prune(WireValue value, CustomSchema schema, string path) => (value, schema.Type) switch
        {
            (WireObject o, CustomType.Object) => Object(o, schema, path),
            (WireArray list, CustomType.Array) => new WireArray([.. list.Items.Select((item, i) =>
                Prune(item, schema.Items!, $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]"))], list.At),
            (WireBool { Letter: { } letter }, CustomType.String) when lettersAreText =>
                new WireString(letter, value.At),
            _ => value,
        };

        private WireObject Object(WireObject value, CustomSchema schema, string path)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in value.Members)
            {
                if (!seen.Add(member.Name))
                    Strict("duplicate", $"{path}.{member.Name}", member.At);
            }

            var members = ImmutableArray.CreateBuilder<WireMember>();
            foreach (var member in value.Distinct())
            {
                var inner = $"{path}.{member.Name}";
                if ((schema[member.Name] ?? schema.Values) is not { } part)
                    Strict("unknown", inner, member.At);
                else if (member.Value is not WireNull)
                    members.Add(member with { Value = Prune(member.Value, part, inner) });
            }

            foreach (var (name, part, _) in schema.Properties)
            {
                if (part.Default is { } text && members.All(member => member.Name != name))
                    members.Add(new(name, value.At, new WireString(text, value.At)));
            }

            return new(members.DrainToImmutable(), value.At);
        }

        private void Strict(string what, string path, Position at)
        {
            if (Errors.Count < StrictDecode.MaxStrictErrors)
                Errors.Add(new($"{what} field \"{path}\"", at));
        }
    }
}
