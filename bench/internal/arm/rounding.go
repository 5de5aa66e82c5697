package arm

func RoundUp(n, batch int) int { return (n + batch - 1) / batch * batch }
