using System.Globalization;
using Palisade.Policy.Sets;

namespace Palisade.Kubernetes.Cel;

/// <summary>Equality, order and arithmetic of CEL values.</summary>
internal static class CelOperators
{
    // Deeper values compare unequal; schemas bound what objects can hold far below.
    private const int MaxDepth = 100;

    /// <summary>CEL's ==: numbers by value whatever their type; values of unlike types are unequal.</summary>
    public static bool Same(object? left, object? right) => Same(left, right, 0);

    private static bool Same(object? left, object? right, int depth)
    {
        if (depth > MaxDepth)
            return false;
        switch (left, right)
        {
            case (null, null):
                return true;
            case (null, _) or (_, null):
                return false;
            case (CelList a, CelList b):
                return a.Count == b.Count && a.Items.Zip(b.Items).All(pair => Same(pair.First, pair.Second, depth + 1));
            case (CelMap a, CelMap b):
                return a.Count == b.Count && a.Keys.All(key => b.Has(key) && Same(a[key], b[key], depth + 1));
            case (byte[] a, byte[] b):
                return a.AsSpan().SequenceEqual(b);
            case (CelOptional a, CelOptional b):
                return a.HasValue == b.HasValue && Same(a.Value, b.Value, depth + 1);
            default:
                return IsNumber(left) && IsNumber(right) ? Order(left, right) == 0 : left.Equals(right);
        }
    }

    /// <summary>Less than 0, 0, or more; null when the two have no order.</summary>
    public static int? Order(object? left, object? right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (ulong a, ulong b) => a.CompareTo(b),
        (long a, ulong b) => a < 0 ? -1 : ((ulong)a).CompareTo(b),
        (ulong, long) => -Order(right, left),
        (double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b),
        (double a, long or ulong) => Order(a, System.Convert.ToDouble(right, CultureInfo.InvariantCulture)),
        (long or ulong, double b) => Order(System.Convert.ToDouble(left, CultureInfo.InvariantCulture), b),
        (string a, string b) => ByRunes(a, b),
        (bool a, bool b) => a.CompareTo(b),
        (TimeSpan a, TimeSpan b) => a.CompareTo(b),
        (DateTimeOffset a, DateTimeOffset b) => a.CompareTo(b),
        (byte[] a, byte[] b) => a.AsSpan().SequenceCompareTo(b),
        _ => null,
    };

    /// <summary>The order of the code points: where UTF-16 differs, a surrogate is above all else.</summary>
    private static int ByRunes(string a, string b)
    {
        var (left, right) = (a.EnumerateRunes(), b.EnumerateRunes());
        while (true)
        {
            var (more, also) = (left.MoveNext(), right.MoveNext());
            if (!more || !also)
                return more.CompareTo(also);
            var order = left.Current.CompareTo(right.Current);
            if (order != 0)
                return order;
        }
    }

    /// <summary>+, -, *, / and % of two values.</summary>
    public static object? Arithmetic(string sign, object? left, object? right)
    {
        try
        {
            return (sign, left, right) switch
            {
                ("/", long or ulong, 0L or 0UL) => new CelError("division by zero"),
                ("%", long or ulong, 0L or 0UL) => new CelError("modulus by zero"),
                (_, long a, long b) => Whole(sign, a, b),
                (_, ulong a, ulong b) => Natural(sign, a, b),
                (not "%", double a, double b) => Real(sign, a, b),
                ("+", string a, string b) => a + b,
                ("+", byte[] a, byte[] b) => (byte[])[.. a, .. b],
                ("+", CelList a, CelList b) => new CelList([.. a.Items, .. b.Items]),
                ("+", TimeSpan a, TimeSpan b) => a + b,
                ("-", TimeSpan a, TimeSpan b) => a - b,
                ("+", DateTimeOffset a, TimeSpan b) => a + b,
                ("+", TimeSpan a, DateTimeOffset b) => b + a,
                ("-", DateTimeOffset a, TimeSpan b) => a - b,
                ("-", DateTimeOffset a, DateTimeOffset b) => a - b,
                _ => CelError.NoOverload,
            };
        }
        catch (Exception e) when (e is OverflowException or ArgumentOutOfRangeException)
        {
            return new CelError("integer overflow");
        }
    }

    private static object Whole(string sign, long a, long b) => sign switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        _ => b == -1 ? 0L : a % b,
    };

    private static object Natural(string sign, ulong a, ulong b) => sign switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        _ => a % b,
    };

    private static object Real(string sign, double a, double b) => sign switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        _ => a / b,
    };

    public static object? Negative(object? value) => value switch
    {
        long.MinValue => new CelError("integer overflow"),
        long whole => -whole,
        double real => -real,
        _ => CelError.NoOverload,
    };

    /// <summary>value in range.</summary>
    public static object? In(object? value, object? range) => range switch
    {
        CelList list => list.Items.Any(item => Same(item, value)),
        CelMap map => map.Has(value),
        _ => CelError.NoOverload,
    };

    public static string TypeName(object? value) => value switch
    {
        null => "null_type",
        bool => "bool",
        long => "int",
        ulong => "uint",
        double => "double",
        string => "string",
        byte[] => "bytes",
        CelList => "list",
        CelMap => "map",
        TimeSpan => "google.protobuf.Duration",
        DateTimeOffset => "google.protobuf.Timestamp",
        CelOptional => "optional_type",
        CelType => "type",
        Address => "net.IP",
        CelCidr => "net.CIDR",
        _ => "dyn",
    };

    private static bool IsNumber(object value) => value is long or ulong or double;
}
