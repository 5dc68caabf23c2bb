const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const textBytes = (text: string): Uint8Array => encoder.encode(text)
export const bytesText = (bytes: Uint8Array): string => decoder.decode(bytes)
