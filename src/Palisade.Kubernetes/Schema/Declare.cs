namespace Palisade.Kubernetes.Schema;

/// <summary>One short word per shape of field, so that the tables read like the API's own declarations.</summary>
internal static class Declare
{
    /// <summary>A string; <paramref name="go"/> names its Go type where it is not plain.</summary>
    public static ApiField Str(string name, int tag, string? go = null, bool optional = false, bool must = false) =>
        new(name, tag, FieldKind.String, FieldShape.Single, GoItem: go, Required: must, Optional: optional);

    /// <summary>A 32-bit integer.</summary>
    public static ApiField Int32(string name, int tag, string? go = null, bool optional = false, bool must = false) =>
        new(name, tag, FieldKind.Int32, FieldShape.Single, GoItem: go, Required: must, Optional: optional);

    /// <summary>A 64-bit integer.</summary>
    public static ApiField Int64(string name, int tag, string? go = null, bool optional = false, bool must = false) =>
        new(name, tag, FieldKind.Int64, FieldShape.Single, GoItem: go, Required: must, Optional: optional);

    /// <summary>A boolean.</summary>
    public static ApiField Bool(string name, int tag, bool optional = false, bool must = false) =>
        new(name, tag, FieldKind.Bool, FieldShape.Single, Required: must, Optional: optional);

    /// <summary>intstr.IntOrString.</summary>
    public static ApiField IntOrString(string name, int tag, bool optional = false, bool must = false) =>
        new(name, tag, FieldKind.IntOrString, FieldShape.Single, Required: must, Optional: optional);

    /// <summary>resource.Quantity.</summary>
    public static ApiField Quantity(string name, int tag, bool optional = false, bool must = false) =>
        new(name, tag, FieldKind.Quantity, FieldShape.Single, Required: must, Optional: optional);

    /// <summary>metav1.Time.</summary>
    public static ApiField Time(string name, int tag, bool must = false) =>
        new(name, tag, FieldKind.Time, FieldShape.Single, Required: must);

    /// <summary>metav1.MicroTime.</summary>
    public static ApiField MicroTime(string name, int tag, bool must = false) =>
        new(name, tag, FieldKind.MicroTime, FieldShape.Single, Required: must);

    /// <summary>Bytes, base64 in JSON.</summary>
    public static ApiField Bytes(string name, int tag, bool must = false) =>
        new(name, tag, FieldKind.Bytes, FieldShape.Single, Required: must);

    /// <summary>Any value, kept as it is.</summary>
    public static ApiField Any(string name, int tag, bool must = false) =>
        new(name, tag, FieldKind.Any, FieldShape.Single, Required: must);

    /// <summary>A list of scalars, strings unless said otherwise.</summary>
    public static ApiField List(
        string name,
        int tag,
        FieldKind kind = FieldKind.String,
        string? whole = null,
        string? go = null,
        bool merged = false,
        bool must = false) =>
        new(name, tag, kind, FieldShape.List, GoItem: go, GoWhole: whole, PrimitiveMerge: merged, Required: must);

    /// <summary>A map of scalars, strings unless said otherwise.</summary>
    public static ApiField Map(
        string name,
        int tag,
        FieldKind kind = FieldKind.String,
        string? whole = null,
        string? go = null,
        bool must = false,
        bool atomic = false) =>
        new(name, tag, kind, FieldShape.Map, GoItem: go, GoWhole: whole, Required: must, Atomic: atomic);

    /// <summary>An object of another type.</summary>
    public static ApiField Obj(string name, int tag, Func<ObjectSchema> type, bool retain = false, bool must = false) =>
        new(name, tag, FieldKind.Object, FieldShape.Single, type, RetainKeys: retain, Required: must);

    /// <summary>A list of objects of another type; keys as <see cref="ApiField.ListKeys"/>.</summary>
    public static ApiField Objs(
        string name,
        int tag,
        Func<ObjectSchema> type,
        string? whole = null,
        string? merge = null,
        bool retain = false,
        bool must = false,
        string? keys = null,
        bool atomic = false) =>
        new(name, tag, FieldKind.Object, FieldShape.List, type, GoWhole: whole, MergeKey: merge, RetainKeys: retain,
            Required: must, ListKeys: keys, Atomic: atomic);

    /// <summary>An embedded struct: one message in protobuf, members of the outer object in JSON.</summary>
    public static ApiField Inline(int tag, Func<ObjectSchema> type) =>
        new("", tag, FieldKind.Object, FieldShape.Single, type, Embedded: true);
}
