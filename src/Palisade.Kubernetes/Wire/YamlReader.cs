using System.Collections.Immutable;
using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Palisade.Kubernetes.Wire;

/// <summary>A member whose key the same mapping has again further down: only the last counts.</summary>
public readonly record struct RepeatedKey(string Name, Position At);

/// <summary>
/// Reads one YAML document into wire values as kubectl does on its way to JSON: YAML 1.1 scalars, keys become
/// strings, merge keys
/// are applied where they stand, of repeated keys the last counts. Bounded in depth and in what aliases expand to.
/// </summary>
public sealed class YamlReader
{
    // What one document's aliases may add. A YAML bomb adds billions; real charts a few thousand.
    private const int MaxAliasedNodes = 100_000;

    // What YamlDotNet says of a tab as indentation; its place is then that of the mapping, or the beginning.
    private const string BadTab = "found invalid tab as indentation";

    // The same below text; its place begins with the text and ends at the tab.
    private const string TabBelow = "found a tab character that violate indentation";

    private const string CannotStart = "found character that cannot start any token";

    // What !! stands for.
    private const string Core = "tag:yaml.org,2002:";

    private readonly string _text;
    private readonly Parser _parser;
    private readonly int _lineOffset;
    private readonly WireLimits _limits;
    private readonly Dictionary<string, (WireValue? Value, int Nodes)> _anchors = new(StringComparer.Ordinal);
    private readonly List<RepeatedKey> _repeated = [];
    private int _nodes;
    private int _aliased;

    private YamlReader(string text, int firstLine, WireLimits limits)
    {
        _text = text;
        _parser = new(new StringReader(text));
        _lineOffset = firstLine - 1;
        _limits = limits;
    }

    /// <summary>
    /// Reads the documents of a text (more than one only where a bare ... ends one); an error ends the text.
    /// </summary>
    public static (ImmutableArray<WireValue> Values, ImmutableArray<RepeatedKey> Repeated, WireError? Error) Read(
        string text,
        int firstLine,
        WireLimits limits)
    {
        var reader = new YamlReader(text, firstLine, limits);
        var values = ImmutableArray.CreateBuilder<WireValue>();
        WireError? error = null;
        try
        {
            reader.ReadStream(values);
        }
        catch (YamlException e)
        {
            error = new(Message(e), reader.PlaceOf(e));
        }
        catch (InvalidOperationException)
        {
            // YamlDotNet's parser gives up this way on some malformed flow collections.
            error = new("did not find expected node content", reader.At(reader._parser.Current?.End ?? Mark.Empty));
        }
        catch (ArgumentException)
        {
            // And this way on escapes that are half a character.
            error = new("found invalid Unicode character escape code",
                reader.At(reader._parser.Current?.End ?? Mark.Empty));
        }
        catch (RefusedException e)
        {
            error = new(e.Message, e.At);
        }

        return (values.ToImmutable(), [.. reader._repeated], error);
    }

    private void ReadStream(ImmutableArray<WireValue>.Builder values)
    {
        while (_parser.MoveNext())
        {
            if (_parser.Current is not DocumentStart)
                continue;
            _parser.MoveNext();
            _anchors.Clear();
            values.Add(ReadNode(0, inBlock: true));
        }
    }

    // Leaves the parser on the node's last event.
    private WireValue ReadNode(int depth, bool inBlock)
    {
        var parsed = _parser.Current!;
        var at = At(parsed.Start);
        if (inBlock)
            RefuseTab(parsed.Start);
        if (depth > _limits.MaxDepth)
            throw new RefusedException("exceeded max depth", at);
        if (++_nodes > _limits.MaxNodes)
            throw new RefusedException($"the document has more than {_limits.MaxNodes} values", at);
        if (parsed is AnchorAlias alias)
            return Alias(alias.Value.Value, at);
        var anchor = parsed is NodeEvent { Anchor.IsEmpty: false } node ? node.Anchor.Value : null;
        var before = _nodes + _aliased;
        if (anchor is not null)
            _anchors[anchor] = (null, 0);
        var value = parsed switch
        {
            MappingStart mapping => ReadMapping(at, depth, mapping.Style == MappingStyle.Block),
            SequenceStart list => ReadSequence(at, depth, list.Style == SequenceStyle.Block),
            Scalar scalar => Weighed(scalar, at),
            _ => throw new RefusedException($"unexpected {parsed.GetType().Name}", at),
        };
        if (anchor is not null)
            _anchors[anchor] = (value, _nodes + _aliased - before + 1);
        return value;
    }

    // Long text counts as many values, so that aliases cannot multiply it unseen.
    private WireValue Weighed(Scalar scalar, Position at)
    {
        _nodes += scalar.Value.Length / 16;
        return ReadScalar(scalar, at);
    }

    private WireValue Alias(string name, Position at)
    {
        if (!_anchors.TryGetValue(name, out var target))
            throw new RefusedException($"unknown anchor '{name}' referenced", at);
        if (target.Value is null)
            throw new RefusedException($"anchor '{name}' value contains itself", at);
        _aliased += target.Nodes;
        if (_aliased > MaxAliasedNodes)
            throw new RefusedException("document contains excessive aliasing", at);
        return target.Value;
    }

    private WireArray ReadSequence(Position at, int depth, bool isBlock)
    {
        var items = ImmutableArray.CreateBuilder<WireValue>();
        while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
            items.Add(ReadNode(depth + 1, isBlock));
        return new(items.DrainToImmutable(), at);
    }

    private WireObject ReadMapping(Position at, int depth, bool isBlock)
    {
        var members = new List<WireMember>();
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        while (_parser.MoveNext() && _parser.Current is not MappingEnd)
        {
            var isMerge = _parser.Current is Scalar { Value: "<<", Style: ScalarStyle.Plain };
            var key = ReadNode(depth + 1, isBlock);
            _parser.MoveNext();
            var value = ReadNode(depth + 1, isBlock);
            if (isMerge)
            {
                Merge(value, members, index);
                continue;
            }

            var name = KeyText(key);
            if (index.ContainsKey(name))
                _repeated.Add(new(name, key.At));
            Put(new(name, key.At, value), members, index);
        }

        return new([.. members], at);
    }

    // yaml.v2 applies a merge where it stands: keys before it are overwritten, keys after it overwrite. In a list the
    // first wins.
    private static void Merge(WireValue value, List<WireMember> members, Dictionary<string, int> index)
    {
        var sources = value switch
        {
            WireObject one => [one],
            WireArray list when list.Items.All(item => item is WireObject) =>
                list.Items.Cast<WireObject>().Reverse().ToArray(),
            _ => throw new RefusedException("map merge requires map or sequence of maps as the value", value.At),
        };
        foreach (var member in sources.SelectMany(source => source.Members))
            Put(member, members, index);
    }

    private static void Put(WireMember member, List<WireMember> members, Dictionary<string, int> index)
    {
        if (index.TryGetValue(member.Name, out var place))
        {
            members[place] = member;
            return;
        }

        index[member.Name] = members.Count;
        members.Add(member);
    }

    // sigs.k8s.io/yaml: numbers and booleans become their text; maps, lists and null cannot be keys.
    private static string KeyText(WireValue key) => key switch
    {
        WireString s => s.Value,
        WireNumber n => n.Text,
        WireBool b => b.Value ? "true" : "false",
        _ => throw new RefusedException("unsupported map key: a key must be a string, a number or a boolean", key.At),
    };

    private static WireValue ReadScalar(Scalar scalar, Position at)
    {
        var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
        if (tag == Core + "binary")
            return Binary(scalar.Value, at);
        var isPlain = tag.Length == 0 && scalar.Style == ScalarStyle.Plain;
        var isResolved = isPlain || tag is Core + "int" or Core + "float" or Core + "bool" or Core + "null";
        if (!isResolved)
            return new WireString(scalar.Value, at);
        return YamlScalars.Resolve(scalar.Value, at)
            ?? throw new RefusedException($"json: unsupported value: {scalar.Value}", at);
    }

    private static WireString Binary(string text, Position at)
    {
        var room = new byte[text.Length];
        if (!System.Convert.TryFromBase64String(text, room, out var length))
            throw new RefusedException("!!binary value contains invalid base64 data", at);
        return new(System.Text.Encoding.UTF8.GetString(room.AsSpan(0, length)), at);
    }

    private Position At(in Mark mark) => new(
        int.CreateSaturating(mark.Line) + _lineOffset,
        Math.Max(1, int.CreateSaturating(mark.Column)));

    // YamlDotNet takes a tab behind spaces, or behind the - of a list, for indentation; libyaml does not.
    private void RefuseTab(in Mark start)
    {
        var end = Math.Min(int.CreateSaturating(start.Index), _text.Length);
        var line = _text.AsSpan(0, end);
        line = line[(line.LastIndexOf('\n') + 1)..];
        var column = line.IndexOfAnyExcept(' ', '-');
        if (column >= 0 && line[column] == '\t' && !line.StartsWith("---"))
            throw new RefusedException(CannotStart, new(int.CreateSaturating(start.Line) + _lineOffset, column + 1));
    }

    private Position PlaceOf(YamlException e) =>
        e.Message.Contains(BadTab, StringComparison.Ordinal) ? FirstTab()
        : At(e.Message.Contains(TabBelow, StringComparison.Ordinal) ? e.End : e.Start);

    /// <summary>The first line, from where parsing has come to, that is indented by a tab.</summary>
    private Position FirstTab()
    {
        var lines = _text.Split('\n');
        for (var i = Math.Max(0, int.CreateSaturating(_parser.Current?.End.Line ?? 1) - 1); i < lines.Length; i++)
        {
            var column = lines[i].Length - lines[i].TrimStart(' ').Length;
            if (lines[i].AsSpan(column).StartsWith("\t"))
                return new(i + 1 + _lineOffset, column + 1);
        }

        return At(_parser.Current?.End ?? Mark.Empty);
    }

    // libyaml's wording with kubectl's frame: yaml: line 5: did not find expected key.
    private static string Message(YamlException e)
    {
        var text = e.InnerException is YamlException inner ? inner.Message : e.Message;
        // What was being read when it went wrong is no part of libyaml's problem.
        var comma = text.IndexOf(", ", StringComparison.Ordinal);
        if (comma > 0 && text.StartsWith("While ", StringComparison.Ordinal))
            text = text[(comma + 2)..];
        text = text.Replace("found invalid mapping", "mapping values are not allowed in this context")
            .Replace(BadTab, CannotStart)
            .Replace(TabBelow, "found a tab character that violates indentation");
        return text.Length == 0 ? "not valid YAML"
            : string.Create(CultureInfo.InvariantCulture, $"{char.ToLowerInvariant(text[0])}{text[1..].TrimEnd('.')}");
    }

    private sealed class RefusedException(string message, Position at) : Exception(message)
    {
        public Position At { get; } = at;
    }
}
