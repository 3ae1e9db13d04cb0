using System.Numerics;
using Palisade.Nftables.Expressions;

namespace Palisade.Nftables.Text;

/// <summary>Prints one rule as nft 1.0.6 does, by following what its expressions put into registers.</summary>
/// <remarks>
/// nft adds matches on family and transport protocol where a field needs them, and leaves them out again when it prints
/// the field ("tcp dport 80" for l4proto = tcp, then the port). The same is done here.
/// </remarks>
internal sealed class RulePrinter
{
    internal const byte V4 = 2;
    internal const byte V6 = 10;
    internal const byte Arp = 3;

    private readonly List<string?> _statements = [];
    private readonly List<(uint Register, Operand Operand)> _loaded = [];
    private int? _familyMatch;
    private int? _protocolMatch;
    private NftKey? _lower;

    internal RulePrinter(NftFamily family)
    {
        Family = family switch { NftFamily.Ip => V4, NftFamily.Ip6 => V6, _ => null };
        IsOneFamily = Family is not null;
    }

    /// <summary>Whether the table is of IPv4 or IPv6 alone, so that nft does not say which.</summary>
    internal bool IsOneFamily { get; }

    /// <summary>The family the rule has matched so far.</summary>
    internal byte? Family { get; private set; }

    /// <summary>The transport protocol the rule has matched so far.</summary>
    internal byte? Protocol { get; private set; }

    internal string Text => string.Join(' ', _statements.Where(statement => statement is not null));

    internal void Say(string statement) => _statements.Add(statement);

    internal void Load(uint register, Operand operand) => _loaded.Add((register, operand));

    internal void ForgetFamilyMatch() => Forget(ref _familyMatch);

    internal void ForgetProtocolMatch() => Forget(ref _protocolMatch);

    internal void Mask(Bitwise bitwise)
    {
        var index = _loaded.FindLastIndex(entry => entry.Register == bitwise.Register);
        if (index >= 0)
            _loaded[index] = (bitwise.Register, _loaded[index].Operand with
            {
                Mask = bitwise.Mask,
                Xor = bitwise.Xor,
            });
    }

    /// <summary>What a register holds, as a value of a type: a constant, or what was loaded or computed.</summary>
    internal string TakeValue(uint register, Operand target)
    {
        var operand = Take(register);
        if (operand.Constant is { } constant)
            return target.Format(constant.Bytes);
        if (operand.Mask is not { } mask || operand.Xor is not { Length: 4 } xor)
            return operand.Text;
        var (kept, set) = (FieldText.Host32(mask.Bytes), FieldText.Host32(xor.Bytes));
        return kept == ~set ? $"{operand.Text} | {target.Format(xor.Bytes)}"
            : $"{operand.Text} & {target.Format(NftKey.Host32(kept | set).Bytes)} | {target.Format(xor.Bytes)}";
    }

    /// <summary>A constant that was loaded into a register; null when it holds something else.</summary>
    internal NftKey? ConstantIn(uint register)
    {
        var index = _loaded.FindLastIndex(entry => entry.Register == register);
        return index >= 0 ? _loaded[index].Operand.Constant : null;
    }

    internal void Compare(Compare compare)
    {
        if (compare.Operator == CompareOperator.GreaterOrEqual)
        {
            _lower = compare.Value;   // nft writes a range as "at least" and "at most"
            return;
        }

        if (compare.Operator == CompareOperator.LessOrEqual && _lower is { } lower)
        {
            _lower = null;
            Range(compare.Register, inverted: false, lower, compare.Value);
            return;
        }

        var operand = Take(compare.Register);
        Say(CompareText(operand, compare));
        if (compare.Operator == CompareOperator.Equal && operand.Mask is null)
            Remember(operand, compare.Value);
    }

    internal void Range(uint register, bool inverted, NftKey from, NftKey to)
    {
        var operand = Take(register);
        var text = $"{operand.Format(from.Bytes)}-{operand.Format(to.Bytes)}";
        Say($"{operand.Text} {(inverted ? "!= " : "")}{text}");
    }

    internal void Lookup(Lookup lookup)
    {
        var left = string.Join(" . ", _loaded.Select(entry => entry.Operand.Text));
        _loaded.Clear();
        var right = lookup.Anonymous is { } set ? Inline(set) : $"@{lookup.Set}";
        if (lookup.IntoRegister is { } target)
        {
            Load(target, new($"{left} map {right}", FieldType.None, 0));
            return;
        }

        Say($"{left}{(lookup.Inverted ? " !=" : "")}{(lookup.IntoVerdict ? " vmap" : "")} {right}");
    }

    private static string Inline(NftSet set)
    {
        var elements = ElementText.Ordered(set.Definition, set.Elements);
        return $"{{ {string.Join(", ", elements.Select(element => ElementText.Print(set.Definition, element)))} }}";
    }

    private static string CompareText(Operand operand, Compare compare)
    {
        var sign = compare.Operator switch
        {
            CompareOperator.Equal => "",
            CompareOperator.NotEqual => "!= ",
            CompareOperator.Less => "< ",
            CompareOperator.LessOrEqual => "<= ",
            CompareOperator.Greater => "> ",
            _ => ">= ",
        };
        if (operand.Mask is { } mask)
            return MaskedText(operand, mask, compare, sign);
        if (operand.LoadedBytes < operand.Length)
        {
            var whole = new byte[operand.Length];
            compare.Value.Bytes.CopyTo(whole);
            return $"{operand.Text} {sign}{FieldText.Format(operand.Type, whole)}/{operand.LoadedBytes * 8}";
        }

        return $"{operand.Text} {sign}{operand.Format(compare.Value.Bytes)}";
    }

    private static string MaskedText(Operand operand, NftKey mask, Compare compare, string sign)
    {
        var isZero = !compare.Value.Bytes.ContainsAnyExcept((byte)0);
        var isBits = operand.Type is FieldType.CtState or FieldType.CtStatus or FieldType.TcpFlags or FieldType.CtLabel;
        if (isBits && isZero)
        {
            var not = compare.Operator == CompareOperator.Equal ? "! " : "";
            return $"{operand.Text} {not}{FieldText.Format(operand.Type, mask.Bytes)}";
        }

        var value = FieldText.Format(operand.Type, compare.Value.Bytes);
        if (operand.Type == FieldType.TcpFlags)
            return $"{operand.Text} {sign}{value} / {FieldText.Format(operand.Type, mask.Bytes)}";
        if (FieldText.HasPrefixes(operand.Type))
            return $"{operand.Text} {sign}{value}/{LeadingOnes(mask)}";
        var equals = compare.Operator == CompareOperator.Equal ? "== " : sign;
        return $"{operand.Text} & {FieldText.Format(operand.Type, mask.Bytes)} {equals}{value}";
    }

    private static int LeadingOnes(NftKey mask)
    {
        var ones = 0;
        foreach (var b in mask.Bytes)
            ones += BitOperations.PopCount(b);
        return ones;
    }

    private void Forget(ref int? statement)
    {
        if (statement is { } index)
            _statements[index] = null;
        statement = null;
    }

    private void Remember(Operand operand, NftKey value)
    {
        if (operand.Text == "meta nfproto")
        {
            Family = value.Bytes[0];
            _familyMatch = _statements.Count - 1;
        }
        else if (operand.Text is "meta protocol" or "ether type")
        {
            Family = value.ToString() switch { "0800" => V4, "86dd" => V6, "0806" => Arp, _ => null };
            _familyMatch = _statements.Count - 1;
        }
        else if (operand.Text is "meta l4proto" or "ip protocol" or "ip6 nexthdr")
        {
            Protocol = value.Bytes[0];
            var impliesFamily = (Protocol, Family) is (1, V4) or (58, V6);
            if (operand.Text == "meta l4proto" && impliesFamily)
                ForgetFamilyMatch();
            if (operand.Text == "meta l4proto")
                _protocolMatch = _statements.Count - 1;
        }
    }

    private Operand Take(uint register)
    {
        var index = _loaded.FindLastIndex(entry => entry.Register == register);
        var operand = index >= 0 ? _loaded[index].Operand : new($"reg{register}", FieldType.None, 4);
        _loaded.Clear();
        return operand;
    }
}
