#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of authentication.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/authentication/v1, 1.35.</remarks>
internal static partial class AuthenticationTypes
{
    internal static ObjectSchema SelfSubjectReview { get; } = Of("SelfSubjectReview",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("status", 2, () => SelfSubjectReviewStatus));

    internal static ObjectSchema SelfSubjectReviewStatus { get; } = Of("SelfSubjectReviewStatus",
        Obj("userInfo", 1, () => UserInfo));

    internal static ObjectSchema UserInfo { get; } = Of("UserInfo",
        Str("username", 1),
        Str("uid", 2),
        List("groups", 3),
        Map("extra", 4, FieldKind.StringList));

    internal static ObjectSchema TokenReview { get; } = Of("TokenReview",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => TokenReviewSpec, must: true),
        Obj("status", 3, () => TokenReviewStatus));

    internal static ObjectSchema TokenReviewSpec { get; } = Of("TokenReviewSpec",
        Str("token", 1),
        List("audiences", 2));

    internal static ObjectSchema TokenReviewStatus { get; } = Of("TokenReviewStatus",
        Bool("authenticated", 1),
        Obj("user", 2, () => UserInfo),
        Str("error", 3),
        List("audiences", 4));

    internal static ObjectSchema TokenRequest { get; } = Of("TokenRequest",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => TokenRequestSpec, must: true),
        Obj("status", 3, () => TokenRequestStatus));

    internal static ObjectSchema TokenRequestSpec { get; } = Of("TokenRequestSpec",
        List("audiences", 1, must: true),
        Obj("boundObjectRef", 3, () => BoundObjectReference),
        Int64("expirationSeconds", 4));

    internal static ObjectSchema BoundObjectReference { get; } = Of("BoundObjectReference",
        Str("kind", 1),
        Str("apiVersion", 2),
        Str("name", 3),
        Str("uid", 4));

    internal static ObjectSchema TokenRequestStatus { get; } = Of("TokenRequestStatus",
        Str("token", 1, must: true),
        Time("expirationTimestamp", 2, must: true));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.authentication.v1." + name, fields);
}
