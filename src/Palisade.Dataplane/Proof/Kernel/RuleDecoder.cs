using System.Collections.Immutable;

namespace Palisade.Dataplane.Proof.Kernel;

/// <summary>
/// From a rule's expressions to its steps. Registers are followed to what they were loaded with; an expression that is
/// not known becomes an <see cref="OpaqueStep"/>.
/// </summary>
/// <remarks>
/// An expression is a nest { NFTA_EXPR_NAME (1) string · NFTA_EXPR_DATA (2) nest }. Registers 1 to 4 are 16 bytes,
/// 8 to 23 the same 64 bytes as words of 4; register 0 holds the verdict. Source: linux/netfilter/nf_tables.h.
/// </remarks>
internal sealed class RuleDecoder
{
    private const int Words = 16;
    private readonly Field?[] _registers = new Field?[Words];
    private readonly ImmutableArray<Step>.Builder _steps = ImmutableArray.CreateBuilder<Step>();
    private readonly Func<string, int> _keyLength;

    private RuleDecoder(Func<string, int> keyLength) => _keyLength = keyLength;

    /// <summary>Decodes NFTA_RULE_EXPRESSIONS.</summary>
    /// <param name="expressions">The nest's contents.</param>
    /// <param name="keyLength">How many bytes the key of a set has.</param>
    public static ImmutableArray<Step> Decode(ReadOnlySpan<byte> expressions, Func<string, int> keyLength)
    {
        var decoder = new RuleDecoder(keyLength);
        var list = new Attributes(expressions);
        while (list.MoveNext())
        {
            var name = new Attributes(list.Contents);
            name.MoveNext();
            decoder.Expression(name.Text, Attributes.Of(list.Contents, 2));
        }

        // Conditions alone, with a log or a counter behind them, decide about no packet.
        return decoder._steps.All(step => step is CompareStep or RangeStep or LookupStep or LimitStep)
            ? []
            : decoder._steps.ToImmutable();
    }

    /// <summary>A verdict: nest { CODE (1) i32 · CHAIN (2) string }; null when the code is not known.</summary>
    public static KernelVerdict? Verdict(ReadOnlySpan<byte> nest)
    {
        var code = 0;
        var chain = "";
        var attributes = new Attributes(nest);
        while (attributes.MoveNext())
        {
            if (attributes.Type == 1)
                code = unchecked((int)attributes.Number);
            else if (attributes.Type == 2)
                chain = attributes.Text;
        }

        return code switch
        {
            0 => new(VerdictKind.Drop, ""),
            1 => new(VerdictKind.Accept, ""),
            -1 => new(VerdictKind.Continue, ""),
            -3 => new(VerdictKind.Jump, chain),
            -4 => new(VerdictKind.Goto, chain),
            -5 => new(VerdictKind.Return, ""),
            _ => null,
        };
    }

    private void Expression(string name, ReadOnlySpan<byte> body)
    {
        switch (name)
        {
            case "meta": Load(FieldSource.Meta, body, key: 2, setter: 3); break;
            case "ct": Load(FieldSource.Conntrack, body, key: 2, setter: 4, narrower: 3); break;
            case "fib": Load(FieldSource.Fib, body, key: 2, setter: 0, offset: 3); break;
            case "payload": Load(FieldSource.Payload, body, key: 2, setter: 5, offset: 3, length: 4); break;
            case "cmp": Compare(body); break;
            case "range": Range(body); break;
            case "bitwise": Bitwise(body); break;
            case "lookup": Lookup(body); break;
            case "immediate": Immediate(body); break;
            case "reject": _steps.Add(new VerdictStep(new(VerdictKind.Drop, ""))); break;
            case "limit": _steps.Add(new LimitStep()); break;
            case "counter" or "log" or "last": break;
            case "objref": NamedObject(body); break;
            default: Opaque($"expression {name}"); break;
        }
    }

    private void Opaque(string what) => _steps.Add(new OpaqueStep(what));

    /// <summary>NFTA_OBJREF_IMM_TYPE (1) u32: a counter (1) decides nothing, quotas and limits do.</summary>
    private void NamedObject(ReadOnlySpan<byte> body)
    {
        var type = new Attributes(body);
        uint kind = 0;
        while (type.MoveNext())
            kind = type.Type == 1 ? type.Number : kind;
        if (kind != 1)
            Opaque($"named object of type {kind}");
    }

    /// <summary>DREG is attribute 1 of all that load. What writes to the packet or connection is not known.</summary>
    private void Load(
        FieldSource source, ReadOnlySpan<byte> body, int key, int setter, int narrower = 0, int offset = 0,
        int length = 0)
    {
        uint register = 0, keyOf = 0, offsetOf = 0;
        var lengthOf = 0;
        var attributes = new Attributes(body);
        while (attributes.MoveNext())
        {
            if (attributes.Type == 1)
                register = attributes.Number;
            else if (attributes.Type == key)
                keyOf = attributes.Number;
            else if (attributes.Type == offset)
                offsetOf = attributes.Number;
            else if (attributes.Type == length)
                lengthOf = (int)attributes.Number;
            else if (attributes.Type == setter || attributes.Type == narrower)
            {
                Opaque($"{source.ToString().ToLowerInvariant()} that sets or narrows");
                return;
            }
        }

        Put(register, new(source, keyOf, offsetOf, lengthOf > 0 ? lengthOf : PacketFields.LengthOf(source, keyOf)));
    }

    /// <summary>What lay in any of the words that the field fills is gone.</summary>
    private void Put(uint register, Field field)
    {
        var (first, end) = (Word(register), Word(register) + (field.Length + 3) / 4);
        for (var word = 0; word < end; word++)
        {
            if (word >= first || (_registers[word] is { } before && word + (before.Length + 3) / 4 > first))
                _registers[word] = null;
        }

        _registers[first] = field;
    }

    private void Compare(ReadOnlySpan<byte> body)
    {
        uint register = 0, operation = 0;
        byte[] value = [];
        var attributes = new Attributes(body);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: register = attributes.Number; break;
                case 2: operation = attributes.Number; break;
                case 3: value = Bytes(attributes.Contents); break;
            }
        }

        if (FieldAt(register, value.Length) is { } field && operation <= (uint)Comparison.GreaterOrEqual)
            _steps.Add(new CompareStep(field, (Comparison)operation, value));
        else
            Opaque($"cmp {operation} of register {register}");
    }

    private void Range(ReadOnlySpan<byte> body)
    {
        uint register = 0, operation = 0;
        byte[] first = [], last = [];
        var attributes = new Attributes(body);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: register = attributes.Number; break;
                case 2: operation = attributes.Number; break;
                case 3: first = Bytes(attributes.Contents); break;
                case 4: last = Bytes(attributes.Contents); break;
            }
        }

        if (FieldAt(register, first.Length) is { } field && operation <= 1)
            _steps.Add(new RangeStep(field, operation == 1, first, last));
        else
            Opaque($"range {operation} of register {register}");
    }

    /// <summary>
    /// SREG (1) · DREG (2) · LEN (3) · MASK (4) · XOR (5) · OP (6) u32, of which only 0, mask and xor.
    /// </summary>
    private void Bitwise(ReadOnlySpan<byte> body)
    {
        uint source = 0, target = 0, operation = 0;
        byte[] mask = [], xor = [];
        var attributes = new Attributes(body);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: source = attributes.Number; break;
                case 2: target = attributes.Number; break;
                case 4: mask = Bytes(attributes.Contents); break;
                case 5: xor = Bytes(attributes.Contents); break;
                case 6: operation = attributes.Number; break;
            }
        }

        if (operation != 0 || FieldAt(source, mask.Length) is not { Mask: null } field || xor.Length != mask.Length)
            Opaque($"bitwise {operation}");
        else
            Put(target, field with { Mask = mask, Xor = xor });
    }

    private void Lookup(ReadOnlySpan<byte> body)
    {
        uint register = 0, target = uint.MaxValue, flags = 0;
        var set = "";
        var attributes = new Attributes(body);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: set = attributes.Text; break;
                case 2: register = attributes.Number; break;
                case 3: target = attributes.Number; break;
                case 5: flags = attributes.Number; break;
            }
        }

        var fields = FieldsAt(register, _keyLength(set));
        if (fields.IsEmpty || target is not (0 or uint.MaxValue))
            Opaque($"lookup in {set}");
        else if (target == 0)
            _steps.Add(new DispatchStep(fields, set));
        else
            _steps.Add(new LookupStep(fields, set, (flags & 1) != 0));
    }

    private void Immediate(ReadOnlySpan<byte> body)
    {
        var register = uint.MaxValue;
        KernelVerdict? verdict = null;
        var attributes = new Attributes(body);
        while (attributes.MoveNext())
        {
            if (attributes.Type == 1)
                register = attributes.Number;
            else if (attributes.Type == 2)
                verdict = Verdict(Attributes.Of(attributes.Contents, 2));
        }

        if (register == 0 && verdict is { } known)
            _steps.Add(new VerdictStep(known));
        else
            Opaque($"immediate into register {register}");
    }

    /// <summary>NFTA_DATA_VALUE (1) of a nest.</summary>
    private static byte[] Bytes(ReadOnlySpan<byte> nest) => Attributes.Of(nest, 1).ToArray();

    private static int Word(uint register) => register switch
    {
        >= 1 and <= 4 => (int)(register - 1) * 4,
        >= 8 and <= 23 => (int)register - 8,
        _ => throw new FormatException($"register {register}"),
    };

    /// <summary>What a register holds, as far as the first bytes go that are looked at; null: not known.</summary>
    private Field? FieldAt(uint register, int length) => _registers[Word(register)] switch
    {
        null => null,
        { } field when field.Length == length => field,
        // A comparison with fewer bytes (the beginning of an interface's name).
        { Mask: null } field when length > 0 && length < field.Length => field with { Length = length },
        _ => null,
    };

    /// <summary>The fields that fill a key, each padded to whole words; empty: something else lies there.</summary>
    private ImmutableArray<Field> FieldsAt(uint register, int length)
    {
        var fields = ImmutableArray.CreateBuilder<Field>();
        var word = Word(register);
        var left = length;
        while (left > 0)
        {
            if (word >= Words || _registers[word] is not { } field)
                return [];
            fields.Add(field);
            var padded = (field.Length + 3) / 4;
            word += padded;
            left -= left == field.Length ? left : padded * 4;
        }

        return left == 0 ? fields.ToImmutable() : [];
    }
}
